package dev.cairn.scripts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cairn.json.Json;
import dev.cairn.support.ShellRun;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The benchmarks still run, on a tiny model: that they work, not how fast anything is. */
@Tag("processes")
class BenchmarksIT {
  /** One of each kind and of each work; with {@code -Pfull} all others too, but the peers. */
  private static final List<String> EACH_KIND =
      List.of(
          "cast to BF16 and CRC32C",
          "CRC32C, best known",
          "1000 tensors, fresh JVM",
          "cairn inspect",
          "product added to BF16",
          "pwrite, 1 process",
          "pwrite, files: 1",
          "wire, all bytes",
          "cairn parallel",
          "cairn parallel, F32 held",
          "cairn gather",
          "raw durable write",
          "parallel, ranks: 2",
          "gather, ranks: 2",
          "save, ranks: 3",
          "gather, threads: 5",
          "cairn restore",
          "read and write, 2 processes",
          "cairn consolidate",
          "cairn merge-lora");

  @Test
  void smokeRunMeasuresAndWritesTheReport() throws Exception {
    String repository = System.getProperty("cairn.maven.repository");
    assumeTrue(repository != null, "runs inside mvn verify, which tells where its repository is");
    List<String> command = new ArrayList<>(List.of("benchmarks/run.sh", "--smoke"));
    if (!Boolean.getBoolean("cairn.peers")) {
      command.addAll(List.of("--candidates", String.join(";", EACH_KIND)));
    }
    ShellRun run =
        ShellRun.of(
            ShellRun.CHECKOUT,
            Map.of(
                "CAIRN_MAVEN_OPTIONS",
                "-Dmaven.repo.local=" + repository,
                "CAIRN_PYTHON",
                "/nonexistent/python"),
            command);
    assertEquals(0, run.exitCode(), run.out() + run.err());
    assertTrue(run.out().contains("peers are left out"), run.out());
    Path results = ShellRun.CHECKOUT.resolve("benchmarks/target/smoke");
    Map<String, Object> all = Json.parseObject(Files.readAllBytes(results.resolve("results.json")));
    String works = all.get("works").toString();
    for (String candidate : EACH_KIND) {
      assertTrue(works.contains(candidate + "={lengthBytes="), works);
    }
    String report = Files.readString(results.resolve("results.md"));
    assertTrue(
        report.contains("| save | speed of cairn parallel ÷ pwrite, files: 1 | ≥ 0.900 |"), report);
    assertTrue(report.contains("![2 ranks save"), report);
    assertTrue(Files.readString(results.resolve("save.svg")).contains("<svg"));
    assertTrue(Files.readString(results.resolve("goals.svg")).contains("<svg"));
    assertTrue(Files.readString(results.resolve("jmh.txt")).contains("PlanBenchmark.plan"));
  }

  @Test
  void peerIsMeasuredWhereThereIsPython() throws Exception {
    String repository = System.getProperty("cairn.maven.repository");
    assumeTrue(repository != null, "runs inside mvn verify, which tells where its repository is");
    assumeTrue(
        Boolean.getBoolean("cairn.peers"), "takes a quarter of a minute: mvn -P full verify");
    assumeTrue(System.getenv("CAIRN_PYTHON") != null, "no Python with the peers: CAIRN_PYTHON");
    String results = "benchmarks/target/smoke-peers";
    ShellRun run =
        ShellRun.of(
            ShellRun.CHECKOUT,
            Map.of("CAIRN_MAVEN_OPTIONS", "-Dmaven.repo.local=" + repository),
            List.of(
                "benchmarks/run.sh",
                "--only",
                "restore",
                "--rounds",
                "1",
                "--uncounted",
                "0",
                "--warm-mib",
                "0",
                "--parameters",
                "1e6",
                "--scratch",
                "benchmarks/target/scratch-peers",
                "--results",
                results));
    assertEquals(0, run.exitCode(), run.out() + run.err());
    String report = Files.readString(ShellRun.CHECKOUT.resolve(results).resolve("results.md"));
    assertTrue(report.contains("load_file maps the file and reads nothing"), report);
    assertFalse(report.contains("not measured"), report);
  }
}
