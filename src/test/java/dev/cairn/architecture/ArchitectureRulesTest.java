package dev.cairn.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Shows that every rule bites in every package. In each package of the project classes are planted
 * that use what they may not: the libraries of {@link Probe}, and every package that itself uses
 * that one, by whatever way, which would close a circle.
 */
class ArchitectureRulesTest {
  private static final String PROJECT = "dev.cairn";

  /** The edges of the world, and the readers: none uses another, though no circle would close. */
  private static final List<Set<String>> STRANGERS =
      List.of(Set.of("kernels", "comm", "io"), Set.of("peft", "deepspeed", "dcp", "torch"));

  private static final Map<String, Set<String>> USES = new TreeMap<>();
  private static final PlantedClasses PLANTED = new PlantedClasses();

  @BeforeAll
  static void plant(@TempDir Path folder) throws IOException {
    for (JavaClass one :
        new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages(PROJECT)) {
      Set<String> used = USES.computeIfAbsent(name(one), any -> new TreeSet<>());
      for (Dependency use : one.getDirectDependenciesFromSelf()) {
        if (isOurs(use.getTargetClass())) {
          used.add(name(use.getTargetClass()));
        }
      }
    }
    for (String own : USES.keySet()) {
      PLANTED.add(in(own, "Here"), "");
      for (Probe probe : Probe.ALL) {
        PLANTED.add(in(own, probe.name()), probe.body());
      }
      for (String wrong : forbiddenFor(own)) {
        PLANTED.add(in(own, user(wrong)), PlantedClasses.ROOT + "." + in(wrong, "Here") + " used;");
      }
    }
    PLANTED.judge(folder);
  }

  private static boolean isOurs(JavaClass one) {
    return one.getPackageName().equals(PROJECT) || one.getPackageName().startsWith(PROJECT + ".");
  }

  /** Returns the name of a package from the root on, whose own is empty. */
  private static String name(JavaClass one) {
    return one.getPackageName().equals(PROJECT)
        ? ""
        : one.getPackageName().substring(PROJECT.length() + 1);
  }

  private static String in(String own, String simpleName) {
    return own.isEmpty() ? simpleName : own + "." + simpleName;
  }

  private static String user(String wrong) {
    return "Uses_" + wrong.replace('.', '_');
  }

  private static String firstWord(String name) {
    return name.contains(".") ? name.substring(0, name.indexOf('.')) : name;
  }

  /**
   * Returns the packages that use this one, and its strangers; not those below the same name, but
   * for the packages of {@code comm}, which have a layer each.
   */
  private static Set<String> forbiddenFor(String own) {
    Set<String> forbidden = new TreeSet<>();
    for (String other : USES.keySet()) {
      boolean isAbove = reached(other).contains(own);
      boolean isStranger =
          STRANGERS.stream()
              .anyMatch(all -> all.contains(firstWord(own)) && all.contains(firstWord(other)));
      boolean isNear = firstWord(other).equals(firstWord(own));
      boolean isRuled = !isNear || (firstWord(own).equals("comm") && !other.equals(own));
      if ((isAbove && isRuled) || (isStranger && !isNear)) {
        forbidden.add(other);
      }
    }
    return forbidden;
  }

  private static Set<String> reached(String from) {
    Set<String> reached = new HashSet<>();
    Deque<String> next = new ArrayDeque<>(USES.get(from));
    while (!next.isEmpty()) {
      String one = next.pop();
      if (reached.add(one)) {
        next.addAll(USES.get(one));
      }
    }
    return reached;
  }

  @TestFactory
  Stream<DynamicTest> everyWrongImportIsFound() {
    return USES.keySet().stream()
        .map(own -> dynamicTest("in " + PROJECT + "." + own, () -> assertAllAreFound(own)));
  }

  private static void assertAllAreFound(String own) {
    List<String> overlooked = new ArrayList<>();
    int planted = 0;
    for (Probe probe : Probe.ALL) {
      if (!probe.isAllowedIn(own)) {
        planted++;
        if (!PLANTED.isFound(probe.rule(), in(own, probe.name()))) {
          overlooked.add(probe.name() + " by " + probe.rule());
        }
      }
    }
    for (String wrong : forbiddenFor(own)) {
      planted++;
      if (Stream.of("layers", "edges", "readers")
          .noneMatch(rule -> PLANTED.isFound(rule, in(own, user(wrong))))) {
        overlooked.add(user(wrong) + " by layers");
      }
    }
    assertEquals(List.of(), overlooked);
    assertTrue(planted > 0, "nothing is forbidden");
  }

  /** A rule that finds fault with all would pass the test above. */
  @Test
  void whatAPackageMayUseIsNotFound() {
    List<String> found = new ArrayList<>();
    for (String own : USES.keySet()) {
      for (Probe probe : Probe.ALL) {
        if (probe.isAllowedIn(own) && PLANTED.isFound(probe.rule(), in(own, probe.name()))) {
          found.add(in(own, probe.name()) + " by " + probe.rule());
        }
      }
    }
    assertEquals(List.of(), found);
  }

  @Test
  void everyRuleIsTriedInAPackageThatItForbids() {
    Set<String> tried = new TreeSet<>(Set.of("layers", "edges", "readers"));
    Probe.ALL.forEach(probe -> tried.add(probe.rule()));
    assertEquals(new TreeSet<>(new ArchitectureRules(PROJECT).byName().keySet()), tried);
  }
}
