package dev.cairn.comm;

import dev.cairn.comm.bulk.TransportFactory;
import dev.cairn.comm.bulk.TransportFactory.EndableTransport;
import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.channel.Control;
import dev.cairn.comm.channel.NcclLoan;
import dev.cairn.comm.channel.Transport;
import dev.cairn.comm.control.RankNames;
import dev.cairn.comm.control.Session;
import dev.cairn.comm.nccl.LentNccl;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** One rank: its control session, and the transport that the ranks make together when needed. */
final class RankCommunicator implements Communicator {
  private static final byte USABLE = 0;
  private static final byte UNUSABLE = 1;
  private static final byte FAILED = 2;

  private final Session session;
  private final TransportFactory factory;
  private final Runnable leave;
  private EndableTransport transport;
  private long transportOperation;
  private boolean ended;
  private boolean isOwnOnly;
  private long generation;
  private NcclLoan lentNccl;

  /**
   * Creates a member of a group that is complete.
   *
   * @param leave tells the others and frees the session's line
   */
  RankCommunicator(Session session, TransportFactory factory, Runnable leave) {
    this.session = session;
    this.factory = factory;
    this.leave = leave;
    session.failures().watch(this::end);
  }

  @Override
  public int rank() {
    return session.rank();
  }

  @Override
  public int size() {
    return session.size();
  }

  @Override
  public Control control() {
    return session;
  }

  @Override
  public void preload() throws CommunicationException {
    factory.load();
  }

  @Override
  public Transport transport() throws CommunicationException {
    // From a rank with a usable transport, too: another one may need a new one.
    byte[] own = state(isUsable() ? USABLE : UNUSABLE, factory.introduce());
    List<byte[]> states = session.allGather(own);
    if (states.stream().allMatch(state -> state[0] == USABLE)) {
      return current();
    }
    session.beginAgain();
    closeTransport();
    try {
      List<byte[]> introduced = payloads(states);
      List<byte[]> prepared = session.allGather(attempt(() -> factory.prepare(introduced)));
      throwFirstFailure(prepared);
      throwFirstFailure(session.allGather(attempt(() -> connect(prepared))));
      return current();
    } finally {
      factory.settle();
    }
  }

  @Override
  public void withdrawLent() {
    synchronized (this) {
      isOwnOnly = true;
    }
    factory.withdraw();
  }

  @Override
  public NcclLoan lendNccl(long handle) throws CommunicationException {
    session.begin("lendNccl");
    NcclLoan taken = LentNccl.take(session, handle);
    synchronized (this) {
      lentNccl = taken;
    }
    return taken;
  }

  @Override
  public synchronized Optional<NcclLoan> lentNccl() {
    return Optional.ofNullable(lentNccl);
  }

  private interface Step {
    byte[] run() throws CommunicationException;
  }

  private byte[] attempt(Step step) {
    try {
      return state(USABLE, step.run());
    } catch (CommunicationException e) {
      session.cancel(e.getMessage()); // The others may be waiting for this rank's connections.
      return failed(e);
    }
  }

  private static byte[] state(byte state, byte[] payload) {
    return ByteBuffer.allocate(1 + payload.length).put(state).put(payload).array();
  }

  private static List<byte[]> payloads(List<byte[]> states) {
    return states.stream().map(state -> Arrays.copyOfRange(state, 1, state.length)).toList();
  }

  private byte[] connect(List<byte[]> states) throws CommunicationException {
    adopt(factory.connect(generation++, payloads(states)));
    return new byte[0];
  }

  private byte[] failed(CommunicationException e) {
    boolean own = e.rank() == CommunicationException.UNKNOWN_RANK || e.rank() == rank();
    String reason = own ? "no transport on %s: ".formatted(RankNames.name(rank(), size())) : "";
    byte[] text = (reason + e.getMessage()).getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(5 + text.length)
        .put(FAILED)
        .putInt(own ? rank() : e.rank())
        .put(text)
        .array();
  }

  private void throwFirstFailure(List<byte[]> states) throws CommunicationException {
    Optional<byte[]> worst = worst(states);
    if (worst.isPresent()) {
      closeTransport();
      byte[] state = worst.get();
      String reason = new String(state, 5, state.length - 5, StandardCharsets.UTF_8);
      throw new CommunicationException(culprit(state), reason);
    }
  }

  /** Returns the first failure of a rank's own, or else the first that repeats another's. */
  private static Optional<byte[]> worst(List<byte[]> states) {
    Optional<byte[]> repeated = Optional.empty();
    for (int rank = 0; rank < states.size(); rank++) {
      byte[] state = states.get(rank);
      if (state[0] == FAILED && culprit(state) == rank) {
        return Optional.of(state);
      }
      if (state[0] == FAILED && repeated.isEmpty()) {
        repeated = Optional.of(state);
      }
    }
    return repeated;
  }

  private static int culprit(byte[] state) {
    return ByteBuffer.wrap(state).getInt(1);
  }

  private void adopt(EndableTransport made) {
    synchronized (this) {
      transport = made;
      transportOperation = session.failures().operation();
      ended = false;
    }
    // One that came while this was being made found no transport to end.
    Optional<CommunicationException> failure = session.failure();
    failure.ifPresent(reason -> end(Long.MAX_VALUE, reason));
  }

  private void end(long operation, CommunicationException reason) {
    EndableTransport ending;
    synchronized (this) {
      if (transport == null || transportOperation > operation) {
        return;
      }
      ended = true;
      ending = transport;
    }
    ending.end(reason);
  }

  private synchronized boolean isUsable() {
    return transport != null && !ended && (!isOwnOnly || factory.isOwn(transport));
  }

  private synchronized Transport current() {
    return transport;
  }

  private void closeTransport() {
    EndableTransport closing;
    synchronized (this) {
      closing = transport;
      transport = null;
    }
    if (closing != null) {
      closing.close();
    }
  }

  @Override
  public void close() {
    if (session.close()) {
      closeTransport();
      leave.run();
    }
  }
}
