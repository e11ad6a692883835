package dev.cairn.hf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.json.Json;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.support.PythonScript;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A folder with one tensor changed is found wrong exactly if transformers complains when it loads
 * it: folders of every third family, or of all in the profile {@code full}.
 */
@Tag("python")
class FormMutationsIT {
  private static final Path SCRIPTS = Path.of("src/test/python");
  private static final boolean IS_ALL = Boolean.getBoolean("cairn.zoo.all");
  private static final int MUTATIONS = IS_ALL ? 1000 : 60;
  private static final int FEWEST_FAMILIES = IS_ALL ? 70 : 23;
  private static final int EVERY = IS_ALL ? 1 : 3;

  /** Its inner size follows from others in no way that a template can say, so any will do. */
  private static final String OF_ANY_SIZE = "Lfm2ForCausalLM";

  @TempDir Path folder;

  /** The families of which templates say what is expected, and that can be made small. */
  private static List<String> families() throws IOException {
    Map<?, ?> zoo = Json.parseObject(Files.readAllBytes(SCRIPTS.resolve("form_zoo.json")));
    try (var templates = dev.cairn.form.FormResolver.class.getResourceAsStream("templates.json")) {
      Map<?, ?> known = (Map<?, ?>) Json.parseObject(templates.readAllBytes()).get("templates");
      List<String> families = new ArrayList<>();
      for (Object name : (List<?>) zoo.get("architectures")) {
        if (known.containsKey(name) && !name.equals(OF_ANY_SIZE)) {
          families.add((String) name);
        }
      }
      return IntStream.range(0, families.size())
          .filter(index -> index % EVERY == 0)
          .mapToObj(families::get)
          .toList();
    }
  }

  @Test
  @Timeout(900)
  void mutationsAreFoundWhereTransformersComplains() throws Exception {
    List<String> families = families();
    assertTrue(families.size() >= FEWEST_FAMILIES, families::toString);
    Path zoo = folder.resolve("zoo");
    List<String> make = new ArrayList<>(List.of("make", zoo.toString()));
    make.addAll(families);
    run("form_zoo.py", make);
    Path mutated = folder.resolve("mutated");
    List<String> damage =
        new ArrayList<>(List.of(zoo.toString(), mutated.toString(), Integer.toString(MUTATIONS)));
    damage.addAll(families);
    run("form_mutations.py", damage);
    List<String> wrong = new ArrayList<>();
    Set<String> known = new HashSet<>();
    for (String family : families) {
      if (isKnown(zoo.resolve(family).resolve("reference"))) {
        known.add(family);
      }
      List<Finding> found = FormFindings.of(zoo.resolve(family).resolve("reference"));
      if (!found.isEmpty()) {
        wrong.add(family + " as transformers saves it: " + found);
      }
    }
    try (Stream<Path> folders = Files.list(mutated)) {
      for (Path one : folders.sorted().toList()) {
        Map<?, ?> said = Json.parseObject(Files.readAllBytes(one.resolve("complaint.json")));
        List<Finding> found = FormFindings.of(one);
        if (!known.contains(said.get("model"))) {
          continue;
        }
        boolean complains = !said.get("complaint").equals("");
        if (complains == found.isEmpty()) {
          wrong.add(said + ", found " + found);
        }
      }
    }
    assertEquals(List.of(), wrong, () -> String.join("\n", wrong));
    assertTrue(known.size() >= FEWEST_FAMILIES, known::toString);
  }

  /** Small configs may have what no template was made for. */
  private static boolean isKnown(Path reference) throws IOException {
    try (ModelFolder model = ModelFolder.open(reference)) {
      List<TensorInfo> tensors =
          model.tensors().stream().map(tensor -> tensor.entry().info()).toList();
      ModelForm form = new ModelForm(ModelConfig.find(reference).orElseThrow());
      return form.loadingDifference(tensors).isPresent();
    }
  }

  private void run(String script, List<String> arguments) throws Exception {
    PythonScript.run(
        "FormMutationsIT",
        folder.resolve(script + ".log"),
        10,
        SCRIPTS.resolve(script),
        arguments.toArray(String[]::new));
  }
}
