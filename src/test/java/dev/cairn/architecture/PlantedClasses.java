package dev.cairn.architecture;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchRule;
import java.io.IOException;
import java.io.StringWriter;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/** Classes that are compiled only to see what the rules say of them. */
final class PlantedClasses {
  /** Stands for {@code dev.cairn}: the same packages are below it. */
  static final String ROOT = "planted";

  private final Map<String, String> sources = new LinkedHashMap<>();
  private final Map<String, ArchRule> rules = new ArchitectureRules(ROOT).byName();
  private final Map<String, String> reports = new LinkedHashMap<>();

  /** Adds a class; {@code name} and {@code body} as Java has them, the name below the root. */
  void add(String name, String body) {
    String qualified = ROOT + "." + name;
    int dot = qualified.lastIndexOf('.');
    sources.put(
        qualified,
        "package %s; public class %s { %s }"
            .formatted(qualified.substring(0, dot), qualified.substring(dot + 1), body));
  }

  /** Compiles what was added and asks every rule. */
  void judge(Path folder) throws IOException {
    List<JavaFileObject> files = new ArrayList<>();
    sources.forEach((name, text) -> files.add(new Source(name, text)));
    StringWriter said = new StringWriter();
    List<String> options = List.of("-proc:none", "-d", folder.toString());
    if (!ToolProvider.getSystemJavaCompiler()
        .getTask(said, null, null, options, null, files)
        .call()) {
      throw new IOException(said.toString());
    }
    JavaClasses planted = new ClassFileImporter().importPath(folder);
    rules.forEach(
        (name, rule) ->
            reports.put(
                name, String.join("\n", rule.evaluate(planted).getFailureReport().getDetails())));
  }

  /** Returns whether a rule names a class that was added as one that breaks it. */
  boolean isFound(String rule, String name) {
    String report = reports.getOrDefault(rule, "");
    return Pattern.compile("\\b" + Pattern.quote(ROOT + "." + name) + "\\b").matcher(report).find();
  }

  /** A source in memory. */
  private static final class Source extends SimpleJavaFileObject {
    private final String text;

    Source(String name, String text) {
      super(URI.create("string:///" + name.replace('.', '/') + ".java"), Kind.SOURCE);
      this.text = text;
    }

    @Override
    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
      return text;
    }
  }
}
