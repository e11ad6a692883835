package dev.cairn.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.EvaluationResult;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Shows that every rule bites, on classes that break it. */
class ArchitectureRulesTest {
  private static final String FIXTURES = "dev.cairn.architecture.violations";
  private static final JavaClasses VIOLATIONS = new ClassFileImporter().importPackages(FIXTURES);

  @ParameterizedTest
  @CsvSource({
    "layers, tensor.UsesPlan",
    "purity, plan.ReadsFile",
    "purity, layout.StartsThread",
    "clocks, plan.ReadsFile",
    "disk, copy.PassesTheDiskBy",
    "natives, io.DeclaresNative",
    "pytorch, hf.PrintsAndExits",
    "cuda, hf.PrintsAndExits",
    "pytorch-comm, comm.SecondUser",
    "picocli, hf.PrintsAndExits",
    "system-out, hf.PrintsAndExits",
    "logging, hf.PrintsAndExits"
  })
  void ruleNamesTheClassThatBreaksIt(String rule, String offender) {
    EvaluationResult result =
        new ArchitectureRules(FIXTURES).byName().get(rule).evaluate(VIOLATIONS);
    String report = String.join("\n", result.getFailureReport().getDetails());
    assertTrue(
        report.contains(offender), () -> rule + " does not name " + offender + ": " + report);
  }

  @Test
  void noRulePassesOnClassesThatBreakAll() {
    Map<String, ArchRule> rules = new ArchitectureRules(FIXTURES).byName();
    rules.values().removeIf(rule -> rule.evaluate(VIOLATIONS).hasViolation());
    assertEquals(Map.of(), rules);
  }
}
