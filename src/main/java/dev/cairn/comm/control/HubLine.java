package dev.cairn.comm.control;

/** How a rank reaches the hub; calls return without waiting. */
public interface HubLine {
  /** Sends what this rank brings to a round. */
  void join(long round, Join join);

  /** Sends a cancellation. */
  void cancel(long operation, String reason);

  /** Asks the hub for a meeting. */
  void callMeeting(int topic);

  /** Answers the hub's question. */
  void answer(long question, long lastStep);

  /** Lets the hub look at its clock; for hubs without a thread of their own. */
  default void expire() {}
}
