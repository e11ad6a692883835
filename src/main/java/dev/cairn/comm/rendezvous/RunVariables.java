package dev.cairn.comm.rendezvous;

import dev.cairn.comm.control.Run;
import java.util.List;
import java.util.Map;

/** By which variables launchers tell one run from another. */
public final class RunVariables {
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
          // Without TORCHELASTIC_RESTART_COUNT: only agents whose own ranks have failed count.
          List.of("TORCHELASTIC_RUN_ID"),
          List.of("PMIX_NAMESPACE"),
          List.of("OMPI_MCA_ess_base_jobid"),
          List.of("OMPI_MCA_orte_ess_jobid"),
          List.of("PMI_JOBID"),
          List.of("SLURM_JOB_ID", "SLURM_STEP_ID", "SLURM_RESTART_COUNT"));

  private RunVariables() {}

  /** Returns the run that these variables name, as far as any launcher does. */
  public static Run run(Map<String, String> variables) {
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
    return Run.UNKNOWN;
  }
}
