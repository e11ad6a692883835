package dev.cairn.ranks;

import dev.cairn.comm.Communicator;
import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.options.CheckpointException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;

/** The ranks, which go from phase to phase together or fail together. */
public final class Ranks {
  private static final int WRITER = 0;
  private static final byte[] NOTHING = new byte[0];

  /** How much rank 0 tells at once. */
  private static final int TOLD_BYTES = 4 << 20;

  private final Communicator communicator;

  /** The last failure of which every rank has heard. */
  private volatile Throwable shared;

  public Ranks(Communicator communicator) {
    this.communicator = communicator;
  }

  public int rank() {
    return communicator.rank();
  }

  public int size() {
    return communicator.size();
  }

  public boolean isWriter() {
    return rank() == WRITER;
  }

  public Communicator communicator() {
    return communicator;
  }

  /** What ranks do in one operation, phase after phase. */
  public interface Phases<T> {
    public T run() throws IOException;
  }

  /**
   * Does what ranks do in one operation. Collective. What fails on one rank alone, outside of its
   * phases, makes the phase fail that the others are in.
   *
   * @param operation what it is, in the messages of its failures
   * @param call what the caller calls: the same on every rank, or it fails on all of them
   */
  public <T> T run(Operation operation, String call, Phases<T> phases) throws IOException {
    communicator.control().begin(call);
    try {
      return phases.run();
    } catch (IOException | RuntimeException | Error e) {
      if (e != shared) {
        tell(operation, e);
      }
      throw e;
    }
  }

  /** Makes the others' phase fail; throws what all of them throw then, if that can be found out. */
  private void tell(Operation operation, Throwable failure) throws CheckpointException {
    try {
      together(
          operation,
          () -> {
            if (failure instanceof Error e) {
              throw e;
            }
            throw (Exception) failure;
          });
    } catch (CheckpointException common) {
      throw common;
    } catch (IOException | RuntimeException | Error e) {
      if (e != failure) {
        failure.addSuppressed(e);
      }
    }
  }

  /** Does this rank's part of a phase of a save, as {@link #together(Operation, Callable)} does. */
  public List<byte[]> together(Callable<byte[]> part) throws IOException {
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
  public List<byte[]> together(Operation operation, Callable<byte[]> part) throws IOException {
    Part mine = attempt(part);
    List<Outcome> all = exchange(operation, mine.outcome(), mine.failure());
    Outcome worst = worst(all);
    if (worst != null) {
      throw failed(worst.toException(operation, size(), mine.failure()), mine.failure());
    }
    return all.stream().map(Outcome::payload).toList();
  }

  /**
   * Does this rank's part of a phase whose results only rank 0 needs, then waits for everybody's.
   * Collective.
   *
   * @param part returns what rank 0 is to know
   * @return on rank 0 what every rank has to say, in rank order; elsewhere nothing
   * @throws CheckpointException the same on every rank, if any rank's part failed
   */
  public List<byte[]> gather(Callable<byte[]> part) throws IOException {
    AtomicReference<byte[]> mine = new AtomicReference<>();
    together(
        () -> {
          mine.set(part.call());
          return NOTHING;
        });
    try {
      return communicator.control().gather(mine.get());
    } catch (CommunicationException e) {
      throw alike(lost(Operation.SAVE, e));
    }
  }

  /**
   * Tells all ranks what rank 0 has to say, however long it is. Collective.
   *
   * @param operation what it belongs to
   * @param part done by rank 0 alone
   * @return what it returned there; a copy of its own on every rank
   * @throws CheckpointException the same on every rank, if rank 0 failed
   */
  public byte[] fromWriter(Operation operation, Callable<byte[]> part) throws IOException {
    AtomicReference<byte[]> said = new AtomicReference<>(NOTHING);
    byte[] length =
        together(
                operation,
                () -> {
                  if (isWriter()) {
                    said.set(part.call());
                  }
                  return ByteBuffer.allocate(Integer.BYTES).putInt(said.get().length).array();
                })
            .get(WRITER);
    byte[] told = new byte[ByteBuffer.wrap(length).getInt()];
    try {
      for (int begin = 0, end; begin < told.length; begin = end) {
        end = begin + Math.min(TOLD_BYTES, told.length - begin);
        byte[] piece = isWriter() ? Arrays.copyOfRange(said.get(), begin, end) : null;
        System.arraycopy(communicator.control().broadcast(piece), 0, told, begin, end - begin);
      }
    } catch (CommunicationException e) {
      throw alike(lost(operation, e));
    }
    return told;
  }

  /**
   * Lets rank 0 do what cannot be undone, while the others wait. Collective: how rank 0 fares is
   * how all fare.
   *
   * @throws CheckpointException the same on every rank, if rank 0 failed; or if a rank is lost,
   *     which says nothing about what rank 0 has done
   */
  public void letWriter(Callable<byte[]> part) throws IOException {
    Part mine = isWriter() ? attempt(part) : new Part(Outcome.fine(NOTHING), null);
    Outcome decisive;
    try {
      decisive = exchange(Operation.SAVE, mine.outcome(), mine.failure()).get(WRITER);
    } catch (CheckpointException e) {
      throw alike(Operation.whileCommitting(e));
    }
    if (!decisive.isFine()) {
      throw failed(decisive.toException(Operation.SAVE, size(), mine.failure()), mine.failure());
    }
  }

  /** How a rank's own part went; the failure is null if well. */
  private record Part(Outcome outcome, Throwable failure) {}

  private Part attempt(Callable<byte[]> part) {
    try {
      return new Part(Outcome.fine(part.call()), null);
    } catch (Throwable e) { // every rank must hear of it, whatever it is
      return new Part(Outcome.failed(rank(), e), e);
    }
  }

  /**
   * Returns the failure of a phase to be thrown; throws a mistake of this rank's caller as what it
   * is, with the common failure suppressed in it.
   */
  private CheckpointException failed(CheckpointException common, Throwable own) {
    if (own instanceof IllegalArgumentException || own instanceof Error) {
      shared = own;
      own.addSuppressed(common.with(common.getMessage(), null));
      if (own instanceof Error e) {
        throw e;
      }
      throw (IllegalArgumentException) own;
    }
    return alike(common);
  }

  /**
   * Returns a failure to be thrown that every rank has found out by itself, so that nobody has to
   * be told.
   *
   * @param rank whose fault it is; -1 if it is nobody's
   */
  public CheckpointException alike(Operation operation, int rank, String reason) {
    return alike(operation.failure(rank, size(), reason, null, 0, null));
  }

  private CheckpointException alike(CheckpointException failure) {
    shared = failure;
    return failure;
  }

  private List<Outcome> exchange(Operation operation, Outcome mine, Throwable failure)
      throws IOException {
    try {
      List<Outcome> all = new ArrayList<>();
      byte[] before = null;
      for (byte[] message : communicator.control().allGather(mine.encode())) {
        // Nearly always all say the same, and thousands of them are read by every rank.
        boolean isSame = Arrays.equals(message, before);
        all.add(isSame ? all.get(all.size() - 1) : Outcome.decode(message));
        before = message;
      }
      return all;
    } catch (CommunicationException e) {
      if (failure != null) {
        e.addSuppressed(failure);
      }
      throw alike(lost(operation, e));
    }
  }

  private CheckpointException lost(Operation operation, CommunicationException e) {
    return operation.failure(e.rank(), size(), e.getMessage(), null, 0, e);
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
