package dev.cairn.support;

import java.io.IOException;
import java.net.BindException;
import java.net.ServerSocket;
import java.util.Random;

/** Ports for servers that are started later, by other processes. */
public final class FreePort {
  /** The system's own choices, for every connection that is made, begin at 32768. */
  private static final int FIRST = 20_000;

  private static final int COUNT = 12_000;
  private static final Random RANDOM = new Random();

  private FreePort() {}

  /** Returns a port that is free, and that the system gives to nobody who does not ask for it. */
  public static int find() throws IOException {
    while (true) {
      int port = FIRST + RANDOM.nextInt(COUNT);
      try (ServerSocket socket = new ServerSocket(port)) {
        return socket.getLocalPort();
      } catch (BindException e) {
        // SaveSource: another one.
      }
    }
  }

  /** Returns the first of two ports in a row that are free. */
  public static int pairOfPorts() throws IOException {
    while (true) {
      int first = find();
      try (ServerSocket second = new ServerSocket(first + 1)) {
        return second.getLocalPort() - 1;
      } catch (BindException e) {
        // another pair
      }
    }
  }
}
