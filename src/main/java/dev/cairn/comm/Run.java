package dev.cairn.comm;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * A run of all its ranks, as its launcher tells it from every other one that may have been sent to
 * the same place.
 *
 * @param id variables and their values, the same on every rank; empty if nobody tells
 */
record Run(String id) {
  /** What a run is that nobody has named: two of them cannot be told apart. */
  static final Run UNKNOWN = new Run("");

  static final int MAX_ID_BYTES = 512;

  /**
   * Variables that name a run, the innermost launcher's first: others may be left from what that
   * one was started by. A row counts if its first variable is set; the rest of it is optional.
   *
   * <p>CAIRN_RUN_ID is the user's, then come torchrun, PMIx (Open MPI 4 and 5, Slurm), Open MPI
   * before it, PMI (Slurm, Cray), and Slurm.
   */
  private static final List<List<String>> LAUNCHERS =
      List.of(
          List.of("CAIRN_RUN_ID"),
          List.of("TORCHELASTIC_RUN_ID", "TORCHELASTIC_RESTART_COUNT"),
          List.of("PMIX_NAMESPACE"),
          List.of("OMPI_MCA_ess_base_jobid"),
          List.of("OMPI_MCA_orte_ess_jobid"),
          List.of("PMI_JOBID"),
          List.of("SLURM_JOB_ID", "SLURM_STEP_ID", "SLURM_RESTART_COUNT"));

  Run {
    id = id.replaceAll("[^\\x21-\\x7e ]", "_");
    if (id.length() > MAX_ID_BYTES) {
      String rest = "..." + digest(id);
      id = id.substring(0, MAX_ID_BYTES - rest.length()) + rest;
    }
  }

  /** Returns the run that these variables name, as far as any launcher does. */
  static Run of(Map<String, String> variables) {
    for (List<String> launcher : LAUNCHERS) {
      if (!LauncherVariables.isSet(variables, launcher.get(0))) {
        continue;
      }
      StringBuilder id = new StringBuilder();
      for (String name : launcher) {
        if (LauncherVariables.isSet(variables, name)) {
          id.append(id.isEmpty() ? "" : " ").append(name).append('=');
          id.append(variables.get(name).trim());
        }
      }
      return new Run(id.toString());
    }
    return UNKNOWN;
  }

  /** Returns what makes the name of a key or file this run's own; nothing without an id. */
  String suffix() {
    return id.isEmpty() ? "" : "-" + digest(id);
  }

  private static String digest(String text) {
    CRC32C crc = new CRC32C();
    crc.update(text.getBytes(StandardCharsets.UTF_8));
    return "%08x%08x".formatted(crc.getValue(), text.hashCode());
  }

  @Override
  public String toString() {
    return id.isEmpty() ? "a run without an id" : "run " + id;
  }
}
