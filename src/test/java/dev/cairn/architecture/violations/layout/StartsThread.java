package dev.cairn.architecture.violations.layout;

/** Starts a thread in a package that must be pure. */
public final class StartsThread {
  /** Starts the thread. */
  public static void start(Runnable work) {
    new Thread(work).start();
  }

  private StartsThread() {}
}
