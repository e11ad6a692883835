package dev.cairn.comm.rendezvous;

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
public final class LauncherVariables {
  private static final String RANK = "RANK";
  private static final String WORLD_SIZE = "WORLD_SIZE";
  private static final String MASTER_ADDR = "MASTER_ADDR";
  private static final String MASTER_PORT = "MASTER_PORT";
  private static final String JOB_ID = "SLURM_JOB_ID";
  private static final String STEP_ID = "SLURM_STEP_ID";

  /** The hosts of the step, or of the whole job: rank 0 is on the first. */
  private static final List<String> NODE_LISTS =
      List.of("SLURM_STEP_NODELIST", "SLURM_JOB_NODELIST");

  private static final int FIRST_SLURM_PORT = 15000;
  private static final int SLURM_PORTS = 15000; // below the range that systems hand out themselves

  /** Far apart, so that neither steps of a job nor jobs that follow each other share a port. */
  private static final int PORTS_BETWEEN_STEPS = 1005;

  /** Rank and world size, by launcher: Open MPI, MPICH and Intel MPI, Slurm. */
  private static final List<List<String>> LAUNCHERS =
      List.of(
          List.of("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
          List.of("PMI_RANK", "PMI_SIZE"),
          List.of("SLURM_PROCID", "SLURM_NTASKS"));

  private LauncherVariables() {}

  /** Returns the variables with the four of torchrun filled in as far as others tell them. */
  public static Map<String, String> normalised(Map<String, String> variables) {
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
    for (String list : NODE_LISTS) {
      if (!isSet(filled, MASTER_ADDR) && isSet(variables, list)) {
        filled.put(MASTER_ADDR, firstHost(list, variables.get(list).trim()));
      }
    }
    if (isSet(variables, "SLURM_STEPID") && !isSet(variables, STEP_ID)) {
      filled.put(STEP_ID, variables.get("SLURM_STEPID")); // as older ones call it
    }
    if (!isSet(variables, MASTER_PORT) && isSet(variables, JOB_ID)) {
      long step = isSet(filled, STEP_ID) ? number(filled, STEP_ID) : 0;
      filled.put(MASTER_PORT, Integer.toString(port(number(variables, JOB_ID), step)));
    }
    return filled;
  }

  public static boolean isSet(Map<String, String> variables, String name) {
    return !variables.getOrDefault(name, "").isBlank();
  }

  /**
   * Returns {@code node003} for {@code node[003-007,12],login1}, the form of Slurm's host lists.
   */
  static String firstHost(String variable, String nodeList) {
    int bracket = nodeList.indexOf('[');
    int comma = nodeList.indexOf(',');
    if (bracket < 0 || (comma >= 0 && comma < bracket)) {
      return comma < 0 ? nodeList : nodeList.substring(0, comma);
    }
    int end = nodeList.indexOf(']', bracket);
    if (end < 0) {
      throw new IllegalArgumentException(
          "wrong environment variable: %s=%s, expected a list of hosts"
              .formatted(variable, nodeList));
    }
    String first = nodeList.substring(bracket + 1, end).split("[,-]", 2)[0];
    int next = nodeList.indexOf(',', end);
    String rest = nodeList.substring(end + 1, next < 0 ? nodeList.length() : next);
    // several brackets in one name, as in rack[1-2]n[1-8]
    return nodeList.substring(0, bracket)
        + first
        + (rest.isEmpty() ? "" : firstHost(variable, rest));
  }

  private static int port(long job, long step) {
    return FIRST_SLURM_PORT + (int) ((job + step * PORTS_BETWEEN_STEPS) % SLURM_PORTS);
  }

  private static long number(Map<String, String> variables, String name) {
    String value = variables.get(name).trim();
    try {
      return Integer.toUnsignedLong(Integer.parseUnsignedInt(value));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "wrong environment variable: %s=%s, expected a number".formatted(name, value), e);
    }
  }
}
