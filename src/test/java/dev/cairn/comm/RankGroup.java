package dev.cairn.comm;

import java.util.List;

/** Processes of a simulated world that are the ranks of one group. */
public interface RankGroup {
  /** Returns the communicators, in rank order. */
  List<Communicator> communicators();

  /** Forgets the group: all its processes have ended. */
  void end();
}
