package dev.cairn.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cairn.json.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The benchmarks still run, on a tiny model: that they work, not how fast anything is. */
@Tag("processes")
class BenchmarksIT {
  @Test
  void smokeRunMeasuresEveryCandidateAndWritesTheReport() throws Exception {
    String repository = System.getProperty("cairn.maven.repository");
    assumeTrue(repository != null, "runs inside mvn verify, which tells where its repository is");
    ShellRun run =
        ShellRun.of(
            ShellRun.CHECKOUT,
            Map.of(
                "CAIRN_MAVEN_OPTIONS",
                "-Dmaven.repo.local=" + repository,
                "CAIRN_PYTHON",
                "/nonexistent/python"),
            List.of("benchmarks/run.sh", "--smoke"));
    assertEquals(0, run.exitCode(), run.out() + run.err());
    assertTrue(run.out().contains("peers are left out"), run.out());
    Path results = ShellRun.CHECKOUT.resolve("benchmarks/target/smoke");
    Map<String, Object> all = Json.parseObject(Files.readAllBytes(results.resolve("results.json")));
    String works = all.get("works").toString();
    for (String candidate :
        List.of("pwrite", "wire", "cairn parallel", "cairn gather", "cairn restore")) {
      assertTrue(works.contains(candidate + "={seconds=["), works);
    }
    assertTrue(Files.readString(results.resolve("results.md")).contains("![2 ranks save"));
    assertTrue(Files.readString(results.resolve("save.svg")).contains("<svg"));
    assertTrue(Files.readString(results.resolve("jmh.txt")).contains("PlanBenchmark.plan"));
  }
}
