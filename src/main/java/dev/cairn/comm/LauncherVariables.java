package dev.cairn.comm;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Brings what Slurm and the launchers of MPI set into the form of torchrun's variables, which win
 * where they are set.
 *
 * @see <a href="https://slurm.schedmd.com/srun.html#SECTION_OUTPUT-ENVIRONMENT-VARIABLES">srun,
 *     output environment variables</a>
 */
final class LauncherVariables {
  private static final String RANK = "RANK";
  private static final String WORLD_SIZE = "WORLD_SIZE";
  private static final String MASTER_ADDR = "MASTER_ADDR";
  private static final String MASTER_PORT = "MASTER_PORT";
  private static final String NODE_LIST = "SLURM_JOB_NODELIST";
  private static final String JOB_ID = "SLURM_JOB_ID";

  private static final int FIRST_SLURM_PORT = 15000;
  private static final int SLURM_PORTS = 15000; // below the range that systems hand out themselves

  /** Rank and world size, by launcher: Open MPI, MPICH and Intel MPI, Slurm. */
  private static final List<List<String>> LAUNCHERS =
      List.of(
          List.of("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
          List.of("PMI_RANK", "PMI_SIZE"),
          List.of("SLURM_PROCID", "SLURM_NTASKS"));

  private LauncherVariables() {}

  /** Returns the variables with the four of torchrun filled in as far as others tell them. */
  static Map<String, String> normalised(Map<String, String> variables) {
    Map<String, String> filled = new HashMap<>(variables);
    if (!isSet(variables, RANK) && !isSet(variables, WORLD_SIZE)) {
      for (List<String> launcher : LAUNCHERS) {
        if (isSet(variables, launcher.get(0)) && isSet(variables, launcher.get(1))) {
          filled.put(RANK, variables.get(launcher.get(0)));
          filled.put(WORLD_SIZE, variables.get(launcher.get(1)));
          break;
        }
      }
    }
    if (!isSet(variables, MASTER_ADDR) && isSet(variables, NODE_LIST)) {
      filled.put(MASTER_ADDR, firstHost(variables.get(NODE_LIST).trim()));
    }
    if (!isSet(variables, MASTER_PORT) && isSet(variables, JOB_ID)) {
      filled.put(MASTER_PORT, Integer.toString(port(variables.get(JOB_ID).trim())));
    }
    return filled;
  }

  private static boolean isSet(Map<String, String> variables, String name) {
    return !variables.getOrDefault(name, "").isBlank();
  }

  /**
   * Returns {@code node003} for {@code node[003-007,12],login1}, the form of Slurm's host lists.
   */
  static String firstHost(String nodeList) {
    int bracket = nodeList.indexOf('[');
    int comma = nodeList.indexOf(',');
    if (bracket < 0 || (comma >= 0 && comma < bracket)) {
      return comma < 0 ? nodeList : nodeList.substring(0, comma);
    }
    int end = nodeList.indexOf(']', bracket);
    if (end < 0) {
      throw new IllegalArgumentException(
          "wrong environment variable: %s=%s, expected a list of hosts"
              .formatted(NODE_LIST, nodeList));
    }
    String first = nodeList.substring(bracket + 1, end).split("[,-]", 2)[0];
    int next = nodeList.indexOf(',', end);
    String rest = nodeList.substring(end + 1, next < 0 ? nodeList.length() : next);
    // several brackets in one name, as in rack[1-2]n[1-8]
    return nodeList.substring(0, bracket) + first + (rest.isEmpty() ? "" : firstHost(rest));
  }

  private static int port(String jobId) {
    try {
      return FIRST_SLURM_PORT + (int) (Long.parseLong(jobId) % SLURM_PORTS);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "wrong environment variable: %s=%s, expected a number".formatted(JOB_ID, jobId), e);
    }
  }
}
