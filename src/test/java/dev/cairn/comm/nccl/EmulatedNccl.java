package dev.cairn.comm.nccl;

import dev.cairn.device.Emulation;

/** The emulated NCCL of {@code native/emulation}; its ranks are processes of one host. */
public final class EmulatedNccl {
  private EmulatedNccl() {}

  /** Loads the emulations; first of all in a JVM. */
  public static void load() {
    Emulation.load();
    if (Emulation.isReplaced()) {
      return;
    }
    System.load(
        Emulation.BUILT.resolve("emulation").resolve("libnccl.so.2").toAbsolutePath().toString());
  }

  /** What a collective fails with that hangs and says nothing. */
  public static final int HANGS = -1;

  /**
   * Makes the nth call of NCCL from now fail, not counting the questions that are asked over and
   * over: {@code ncclCommGetAsyncError}.
   */
  public static native void failCall(int nth, int error);

  /** Makes the nth of those questions from now fail. */
  public static native void failQuery(int nth, int error);

  /** Makes the nth collective that runs from now fail, as its communicator then says. */
  public static native void failCollective(int nth, int error);

  /** Sends this process a signal when its stream is in the nth collective from now. */
  public static native void signalInCollective(int nth, int signal);

  /** Sends this process a signal when it makes the nth call of NCCL from now, before its work. */
  public static native void signalInCall(int nth, int signal);

  /** Makes this process join nobody until it may again. */
  public static native void holdJoining(boolean held);

  /** Returns whether what was asked to fail has not been reached yet. */
  public static native boolean failureIsPending();

  /** Returns the communicators that are neither destroyed nor aborted. */
  public static native int liveCommunicators();

  /** Returns how many communicators were aborted while a call on them was being made. */
  public static native int unsafeAborts();

  /** Returns how many collectives have run since this was last asked. */
  public static native int takeCollectives();

  /** Returns how long this process was in a collective at most since this was last asked. */
  public static native long takeLongestCollectiveMillis();
}
