package dev.cairn;

import dev.cairn.comm.CommunicationException;
import dev.cairn.comm.Communicator;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/** The ranks, which go from phase to phase together or fail together. */
final class Ranks {
  private final Communicator communicator;

  Ranks(Communicator communicator) {
    this.communicator = communicator;
  }

  int rank() {
    return communicator.rank();
  }

  int size() {
    return communicator.size();
  }

  boolean isWriter() {
    return rank() == 0;
  }

  Communicator communicator() {
    return communicator;
  }

  /** Does this rank's part of a phase of a save, as {@link #together(Operation, Callable)} does. */
  List<byte[]> together(Callable<byte[]> part) throws IOException {
    return together(Operation.SAVE, part);
  }

  /**
   * Does this rank's part of a phase, then waits for everybody's. Collective.
   *
   * @param operation what the phase belongs to
   * @param part returns what the other ranks are to know
   * @return what every rank has to say, in rank order
   * @throws CheckpointException the same on every rank, if any rank's part failed
   * @throws IllegalArgumentException on the rank whose caller made a mistake
   */
  List<byte[]> together(Operation operation, Callable<byte[]> part) throws IOException {
    Outcome mine;
    Throwable failure = null;
    try {
      mine = Outcome.fine(part.call());
    } catch (Throwable e) { // every rank must hear of it, whatever it is
      failure = e;
      mine = Outcome.failed(rank(), e);
    }
    List<Outcome> all = exchange(operation, mine, failure);
    Outcome worst = worst(all);
    if (worst != null) {
      if (failure instanceof IllegalArgumentException e) {
        throw e;
      }
      if (failure instanceof Error e) {
        throw e;
      }
      throw worst.toException(operation, size(), failure);
    }
    return all.stream().map(Outcome::payload).toList();
  }

  private List<Outcome> exchange(Operation operation, Outcome mine, Throwable failure)
      throws IOException {
    try {
      List<Outcome> all = new ArrayList<>();
      for (byte[] message : communicator.control().allGather(mine.encode())) {
        all.add(Outcome.decode(message));
      }
      return all;
    } catch (CommunicationException e) {
      if (failure != null) {
        e.addSuppressed(failure);
      }
      throw new CheckpointException(operation, e.rank(), size(), e.getMessage(), null, 0, e);
    }
  }

  /**
   * Returns the first failure that is a rank's own; a failure that repeats another's comes last.
   */
  private static Outcome worst(List<Outcome> all) {
    Outcome repeated = null;
    for (int rank = 0; rank < all.size(); rank++) {
      Outcome outcome = all.get(rank);
      if (!outcome.isFine() && outcome.rankAtFault() == rank) {
        return outcome;
      }
      if (!outcome.isFine() && repeated == null) {
        repeated = outcome;
      }
    }
    return repeated;
  }
}
