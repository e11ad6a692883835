package dev.cairn.comm.control;

import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.channel.Control;
import dev.cairn.machine.Machine;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/** One rank's end of the control channel: joins rounds and waits for their results. */
public final class Session implements Control, Hub.Member {
  private static final byte[] EMPTY = {};

  private final int rank;
  private final int size;
  private final long expireMillis;
  private final Machine machine;
  private final FailureState failures;
  private final AtomicLong progress = new AtomicLong();
  private final StepAgreement meetings;
  private HubLine line;
  private boolean calling;
  private boolean closed;
  private long round;
  private List<byte[]> result;
  private String refusal;
  private String currentCall = "";

  /**
   * Creates the end of one rank.
   *
   * @param expireMillis how often a waiting rank calls {@link HubLine#expire}; 0 for never
   * @param machine what time and waiting are taken from
   */
  public Session(int rank, int size, long expireMillis, Machine machine) {
    this.machine = machine;
    this.failures = new FailureState(machine);
    this.meetings = new StepAgreement(machine);
    this.rank = rank;
    this.size = size;
    this.expireMillis = expireMillis;
  }

  @Override
  public int rank() {
    return rank;
  }

  @Override
  public int size() {
    return size;
  }

  /** Connects this end, once, before its first use. */
  public synchronized void attach(HubLine hubLine) {
    line = hubLine;
  }

  public FailureState failures() {
    return failures;
  }

  @Override
  public List<byte[]> allGather(byte[] message) throws CommunicationException {
    checkLength(message);
    return call(Collective.ALL_GATHER, message.clone());
  }

  @Override
  public byte[] broadcast(byte[] messageOfRankZero) throws CommunicationException {
    byte[] message = EMPTY;
    if (rank == 0) {
      checkLength(messageOfRankZero);
      message = messageOfRankZero.clone();
    }
    return call(Collective.BROADCAST, message).get(0);
  }

  @Override
  public List<byte[]> gather(byte[] message) throws CommunicationException {
    checkLength(message);
    return call(Collective.GATHER, message.clone());
  }

  private static void checkLength(byte[] message) {
    if (message.length > MAX_MESSAGE_BYTES) {
      throw new IllegalArgumentException(
          "message too large: messageBytes=%d, expected at most %d; send bulk by a transport"
              .formatted(message.length, MAX_MESSAGE_BYTES));
    }
  }

  private List<byte[]> call(Collective collective, byte[] message) throws CommunicationException {
    long thisRound;
    Join join;
    synchronized (this) {
      checkOpen();
      if (calling) {
        throw new IllegalStateException(
            "%s called while another thread waits in a collective".formatted(collective));
      }
      failures.check();
      calling = true;
      result = null;
      refusal = null;
      thisRound = ++round;
      join = new Join(collective, failures.operation(), currentCall, message);
    }
    try {
      line.join(thisRound, join);
      return await();
    } finally {
      synchronized (this) {
        calling = false;
      }
    }
  }

  private List<byte[]> await() throws CommunicationException {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          if (awaitOnce()) {
            return takeCopies();
          }
          line.expire();
        } catch (InterruptedException e) {
          interrupted = true; // Kept for the caller: a round that has begun is finished.
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** The loop is the caller's: it lets the hub expire in between. */
  private synchronized boolean awaitOnce() throws InterruptedException, CommunicationException {
    if (refusal != null) {
      throw new CommunicationException(CommunicationException.UNKNOWN_RANK, refusal);
    }
    if (result == null) {
      failures.check();
      machine.await(this, expireMillis);
    }
    return result != null;
  }

  /** In one process ranks share the arrays of a round; each caller gets its own. */
  private synchronized List<byte[]> takeCopies() {
    List<byte[]> taken = result;
    result = null;
    return taken.stream().map(byte[]::clone).toList();
  }

  private synchronized void checkOpen() {
    if (closed) {
      throw new IllegalStateException("communicator is closed");
    }
  }

  @Override
  public void begin(String call) {
    if (call.length() > MAX_CALL_LENGTH) {
      throw new IllegalArgumentException(
          "name of an operation too long: length=%d, expected at most %d"
              .formatted(call.length(), MAX_CALL_LENGTH));
    }
    synchronized (this) {
      checkOpen();
      currentCall = call;
    }
    failures.begin();
  }

  /** Begins anew within the same operation: cancellations up to now show no longer. */
  public void beginAgain() {
    failures.begin();
  }

  @Override
  public void cancel(String reason) {
    checkOpen();
    line.cancel(failures.operation(), reason);
  }

  @Override
  public void progressed() {
    progress.incrementAndGet();
  }

  /** Returns a number that grows whenever this rank has done something. */
  public long progress() {
    return progress.get();
  }

  @Override
  public void callMeeting(int topic) {
    checkOpen();
    line.callMeeting(topic);
  }

  @Override
  public Set<Integer> endStep(long step) throws CommunicationException {
    checkOpen();
    return meetings.end(step, line, expireMillis, failures);
  }

  @Override
  public void asked(long question) {
    meetings.asked(question, line);
  }

  @Override
  public void agreed(int topic, long step) {
    meetings.agreed(topic, step);
  }

  @Override
  public Optional<CommunicationException> failure() {
    return failures.current();
  }

  @Override
  public Optional<CommunicationException> unusable() {
    return failures.unusable();
  }

  @Override
  public void onFailure(Consumer<CommunicationException> listener) {
    failures.listen(listener);
  }

  /**
   * Ends this end for its caller.
   *
   * @return false if it was closed before
   * @throws IllegalStateException if a collective is running
   */
  public synchronized boolean close() {
    if (calling) {
      throw new IllegalStateException("communicator closed while a collective runs");
    }
    boolean first = !closed;
    closed = true;
    return first;
  }

  @Override
  public synchronized void completed(long completedRound, List<byte[]> messages) {
    if (calling && completedRound == round) {
      result = messages;
      machine.wake(this);
    }
  }

  @Override
  public synchronized void refused(long refusedRound, long operation, String reason) {
    if (calling && refusedRound == round) {
      failures.catchUp(operation);
      refusal = reason;
      machine.wake(this);
    }
  }

  @Override
  public void cancelled(int cancellingRank, long operation, String reason) {
    String message = "cancelled by %s: %s".formatted(RankNames.name(cancellingRank, size), reason);
    failures.cancelled(operation, new CommunicationException(cancellingRank, message));
  }

  @Override
  public void left(int departedRank) {
    if (departedRank != rank) {
      String message = RankNames.name(departedRank, size) + " has closed its communicator";
      failures.departed(new CommunicationException(departedRank, message));
      wake();
    }
  }

  @Override
  public void failed(int failedRank, String message) {
    failures.broken(new CommunicationException(failedRank, message));
    wake();
  }

  private void wake() {
    synchronized (this) {
      machine.wake(this);
    }
    meetings.wake();
  }
}
