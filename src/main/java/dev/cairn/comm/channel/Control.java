package dev.cairn.comm.channel;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * The channel for small messages between ranks: outcomes, fingerprints, cancellations.
 *
 * <p>A rank that dies, hangs or does not join a collective in time breaks the channel for good:
 * every later collective throws the same failure on every rank. An interrupt of a waiting thread is
 * kept for the caller and does not end the wait.
 */
public interface Control {
  /** The largest message of one rank, 64 MiB. */
  int MAX_MESSAGE_BYTES = 64 << 20;

  /** The largest result of a collective, all messages together with 4 bytes for each: 1 GiB. */
  int MAX_RESULT_BYTES = 1 << 30;

  /** The longest name of an operation, in characters. */
  int MAX_CALL_LENGTH = 1000;

  /**
   * Returns who this is.
   *
   * @return this rank's number, from 0
   */
  int rank();

  /**
   * Returns how many ranks there are.
   *
   * @return the world size, 1 or more
   */
  int size();

  /**
   * Returns the messages of all ranks, in rank order, this rank's own among them. Collective.
   *
   * @param message at most {@link #MAX_MESSAGE_BYTES}; not kept after the call
   * @return one message for each rank; the caller's own copies
   * @throws CommunicationException if the channel is or becomes broken; or, and it is whole then,
   *     if ranks are in different operations or the result would be too large
   */
  List<byte[]> allGather(byte[] message) throws CommunicationException;

  /**
   * Returns rank 0's message once every rank has called. Collective.
   *
   * @param messageOfRankZero the message on rank 0; ignored, and may be null, elsewhere
   * @return rank 0's message; the caller's own copy
   * @throws CommunicationException as {@link #allGather} does
   */
  byte[] broadcast(byte[] messageOfRankZero) throws CommunicationException;

  /**
   * Returns the messages of all ranks on rank 0, which alone needs memory and line for them.
   * Collective.
   *
   * @param message at most {@link #MAX_MESSAGE_BYTES}; not kept after the call
   * @return on rank 0 one message for each rank, in rank order, the caller's own copies; elsewhere
   *     an empty list
   * @throws CommunicationException as {@link #allGather} does
   */
  List<byte[]> gather(byte[] message) throws CommunicationException;

  /**
   * Begins the next operation: a cancellation of an earlier one no longer shows in {@link
   * #failure}. Sends nothing, but every rank calls it at the same place in the order of its
   * collectives.
   *
   * <p>Every collective until the next call carries which operation it belongs to, by name and
   * number. Where ranks differ, the collective fails on all of them with a message that says who is
   * in which; they are in step again with the operation that each begins next.
   *
   * @param call what the operation is, the same on every rank: {@code save(step=100)}
   * @throws IllegalArgumentException if the name is longer than {@link #MAX_CALL_LENGTH}
   */
  void begin(String call);

  /**
   * Tells every rank that the current operation failed here. Each rank's open transport ends, its
   * transfers throw {@code reason} with this rank's number, and {@link #failure} shows it until the
   * next operation begins. Collectives go on: ranks exchange outcomes through them. The first
   * cancellation of an operation counts. Any thread; returns without waiting.
   *
   * @param reason what failed, as every rank shall report it
   */
  void cancel(String reason);

  /**
   * Tells the ranks that wait for this one in a collective that it still works: the operation
   * timeout begins anew for it. Any thread; returns at once and costs nothing to speak of.
   */
  void progressed();

  /**
   * Asks all ranks to meet at the end of a step to come, the same for all: none of them has passed
   * it. Any rank, any thread; returns at once. Calls on one topic, before it has been agreed upon,
   * are one.
   *
   * @param topic what the meeting is for, 0 or more
   */
  void callMeeting(int topic);

  /**
   * Tells that this rank has done a step, and returns what all ranks meet for right after it. Not
   * collective: nothing is sent while no rank calls a meeting, and a rank that is asked waits for
   * other ranks' control threads only, not for their training.
   *
   * @param step more than at the last call, 0 or more; ranks count alike
   * @return topics; each call of a meeting shows once on every rank, at the same step
   * @throws CommunicationException if the channel is broken, also if nobody calls a meeting, or
   *     becomes so while this waits; a cancellation of an operation is nothing to a step
   * @throws IllegalArgumentException if steps go back
   */
  Set<Integer> endStep(long step) throws CommunicationException;

  /**
   * Returns what broke the channel, or what cancelled the current operation. Any thread.
   *
   * @return the failure that every rank sees, or nothing while all is well
   */
  Optional<CommunicationException> failure();

  /**
   * Returns why no collective can succeed and no meeting be held any more, as far as this rank
   * knows by now; cancellations are not among the reasons. Any thread.
   *
   * @return what broke the channel, or which rank has closed its communicator; nothing if all is
   *     well
   */
  Optional<CommunicationException> unusable();

  /**
   * Calls {@code listener} once for each failure and cancellation from now on, on an internal
   * thread that must not be held up.
   *
   * @param listener must not call a collective
   */
  void onFailure(Consumer<CommunicationException> listener);
}
