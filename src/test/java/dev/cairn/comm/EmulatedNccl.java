package dev.cairn.comm;

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

  /** Makes the nth call of NCCL from now fail. */
  public static native void failCall(int nth, int error);

  /** Makes the nth collective that runs from now fail, as its communicator then says. */
  public static native void failCollective(int nth, int error);

  /** Returns whether what was asked to fail has not been reached yet. */
  public static native boolean failureIsPending();

  /** Returns the communicators that are neither destroyed nor aborted. */
  public static native int liveCommunicators();
}
