package dev.cairn.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Holds the project to the rules about who may use what. */
class ArchitectureTest {
  private static final ArchitectureRules RULES = new ArchitectureRules("dev.cairn");
  private static final JavaClasses PROJECT =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("dev.cairn");

  @TestFactory
  Stream<DynamicTest> everyPackageUsesOnlyWhatItMay() {
    assertFalse(PROJECT.isEmpty(), "no class was imported");
    return RULES.byName().entrySet().stream()
        .map(rule -> dynamicTest(rule.getKey(), () -> rule.getValue().check(PROJECT)));
  }

  @Test
  void everyPackageIsNamedByTheRules() {
    Set<String> packages =
        PROJECT.stream().map(JavaClass::getPackageName).collect(Collectors.toSet());
    assertTrue(packages.size() > 20, packages::toString);
    assertEquals(Set.of(), RULES.unnamed(packages));
    Set<String> unnamed = Set.of("dev.cairn.new", "dev.cairn.comm.new");
    assertEquals(
        unnamed,
        RULES.unnamed(
            Stream.concat(packages.stream(), unnamed.stream()).collect(Collectors.toSet())));
  }
}
