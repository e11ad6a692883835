package dev.cairn.scripts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What {@code benchmarks/gpu-checks.sh} reports over the emulation, which is always the same. */
final class GpuReport {
  /** The model that is saved. */
  static final String PARAMETERS = "100K";

  private final Map<String, Object> report;
  private final List<String> checked = new ArrayList<>();
  private final List<String> measured = new ArrayList<>();

  private GpuReport(Map<String, Object> report) {
    this.report = report;
  }

  /** Reads the report of a folder. */
  static GpuReport in(Path folder) throws IOException {
    GpuReport read =
        new GpuReport(Json.parseObject(Files.readAllBytes(folder.resolve("report.json"))));
    for (Object row : (List<?>) read.report.get("results")) {
      read.add((Map<?, ?>) row);
    }
    return read;
  }

  private void add(Map<?, ?> row) {
    String name = row.get("name").toString();
    String value = row.get("measured").toString();
    if (row.get("unit").equals("")) {
      checked.add(name + " " + value);
      return;
    }
    assertTrue(Double.parseDouble(value) >= 0, name);
    if (!name.startsWith(" ")) {
      assertTrue(Double.parseDouble(value) > 0, name);
      measured.add(name);
    }
    if (!"".equals(row.get("boundIs")) && row.get("boundIs") != null) {
      assertTrue(Double.parseDouble(row.get("bound").toString()) > 0, name);
    }
  }

  /** {@return what the checks took of the processors, whatever else ran on them} */
  double processorSeconds() {
    return Double.parseDouble(report.get("processorSeconds").toString());
  }

  /** Throws unless all checks were made, and passed, and all was measured. */
  void checkIsWhole() {
    assertEquals(true, report.get("emulated"));
    assertEquals(false, report.get("failed"));
    assertEquals(
        List.of(
            "contexts-and-last-error passed",
            "casts-and-unpacks passed",
            "stages passed",
            "streams passed",
            "saves passed",
            "restores passed",
            "nccl-1-rank passed",
            "nccl-2-gpus passed",
            "nccl-peer-is-killed passed",
            "save-100K-cpu passed",
            "save-100K-1-gpus-parallel passed",
            "save-100K-2-gpus-parallel passed",
            "save-100K-2-gpus-gather passed",
            "memcheck skipped"),
        checked);
    assertEquals(
        List.of(
            "patterns of F32 cast to BF16 and to F16",
            "device copy, bytes read and written",
            "cast F32 to BF16, bytes read and written",
            "bucket into file order, read and written",
            "copy to pinned host memory",
            "nccl-1-rank, allGatherFirst",
            "nccl-1-rank, allGather",
            "nccl-1-rank, sendReceiveFirst",
            "nccl-1-rank, sendReceive",
            "nccl-2-gpus, allGatherFirst",
            "nccl-2-gpus, allGather",
            "nccl-2-gpus, sendReceiveFirst",
            "nccl-2-gpus, sendReceive",
            "nccl-peer-is-killed, noticed",
            "disk, dd with fsync",
            "save-100K-1-gpus-parallel",
            "save-100K-2-gpus-parallel",
            "save-100K-2-gpus-gather"),
        measured);
  }
}
