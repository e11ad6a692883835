package dev.cairn.comm.nccl;

import dev.cairn.device.Emulation;

/** The emulated NCCL of {@code native/emulation}; its ranks are processes of one host. */
final class EmulatedNccl {
  private EmulatedNccl() {}

  /** Loads the emulations; first of all in a JVM. */
  static void load() {
    Emulation.load();
    if (Emulation.isReplaced()) {
      return;
    }
    System.load(
        Emulation.BUILT.resolve("emulation").resolve("libnccl.so.2").toAbsolutePath().toString());
  }

  /** What a collective fails with that hangs and says nothing. */
  static final int HANGS = -1;

  /**
   * Makes the nth call of NCCL from now fail, not counting the questions that are asked over and
   * over: {@code ncclCommGetAsyncError}.
   */
  static native void failCall(int nth, int error);

  /** Makes the nth of those questions from now fail. */
  static native void failQuery(int nth, int error);

  /** Makes the nth collective that runs from now fail, as its communicator then says. */
  static native void failCollective(int nth, int error);

  /** Sends this process a signal when its stream is in the nth collective from now. */
  static native void signalInCollective(int nth, int signal);

  /** Sends this process a signal when it makes the nth call of NCCL from now, before its work. */
  static native void signalInCall(int nth, int signal);

  /** Makes this process join nobody until it may again. */
  static native void holdJoining(boolean held);

  /** Returns whether what was asked to fail has not been reached yet. */
  static native boolean failureIsPending();

  /** Returns the communicators that are neither destroyed nor aborted. */
  static native int liveCommunicators();

  /** Returns how many communicators were aborted while a call on them was being made. */
  static native int unsafeAborts();

  /** Returns how many collectives have run since this was last asked. */
  static native int takeCollectives();

  /** Returns how long this process was in a collective at most since this was last asked. */
  static native long takeLongestCollectiveMillis();
}
