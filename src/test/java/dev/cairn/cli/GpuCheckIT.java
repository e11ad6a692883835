package dev.cairn.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.json.Json;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * {@code benchmarks/gpu-check.sh} over the emulation: every line of it but the build, so that its
 * first run on hardware is not the first run of its code.
 */
@Tag("processes")
class GpuCheckIT {
  @Test
  void everyStageIsMeasuredBesideItsLimitAndEverySaveCompared() throws Exception {
    ShellRun run =
        ShellRun.of(
            ShellRun.CHECKOUT,
            Map.of("CAIRN_TEST_CLASSPATH", System.getProperty("java.class.path")),
            List.of("benchmarks/gpu-check.sh", "--emulated", "100K"));
    assertEquals(0, run.exitCode(), run.out() + run.err());
    Map<String, Object> result =
        Json.parseObject(
            Files.readAllBytes(ShellRun.CHECKOUT.resolve("target/gpu-check/result.json")));
    assertEquals(true, result.get("emulated"));
    List<String> checked = new ArrayList<>();
    List<String> measured = new ArrayList<>();
    for (Object row : (List<?>) result.get("results")) {
      Map<?, ?> columns = (Map<?, ?>) row;
      String name = columns.get("name").toString();
      String value = columns.get("measured").toString();
      if (value.equals("passed") || value.equals("skipped")) {
        checked.add(name + " " + value);
      } else {
        assertTrue(Double.parseDouble(value) > 0, run.out());
        assertTrue(Double.parseDouble(columns.get("limit").toString()) > 0, run.out());
        assertFalse(columns.get("limitIs").toString().isEmpty(), run.out());
        measured.add(name);
      }
    }
    assertEquals(
        List.of(
            "kernels passed",
            "streams passed",
            "saves passed",
            "restores passed",
            "torch skipped",
            "stages passed",
            "gather-2 passed"),
        checked,
        run.out());
    assertEquals(
        List.of(
            "device copy, bytes read and written",
            "cast F32 to BF16, bytes read and written",
            "bucket into file order, read and written",
            "PCIe, device to pinned host memory",
            "all-gather, 2 GPUs, into rank 0",
            "send/receive, 2 GPUs, into rank 0",
            "disk, a durable save from host memory",
            "save, 1 GPUs, parallel",
            "save, 1 GPUs, gather",
            "save, 2 GPUs, parallel",
            "save, 2 GPUs, gather"),
        measured,
        run.out());
  }
}
