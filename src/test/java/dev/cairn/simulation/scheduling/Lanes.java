package dev.cairn.simulation.scheduling;

import java.util.ArrayList;
import java.util.List;

/** All lanes, on some of which messages are on their way. */
final class Lanes {
  private final List<Lane> all = new ArrayList<>();

  void add(Lane lane) {
    all.add(lane);
  }

  void remove(Object lane) {
    all.remove(lane);
  }

  /** Returns on how many of them there are messages. */
  int pending() {
    int pending = 0;
    for (Lane lane : all) {
      pending += lane.isPending() ? 1 : 0;
    }
    return pending;
  }

  /** Delivers the first message of one of these. */
  void deliver(int choice) {
    int left = choice;
    for (Lane lane : all) {
      if (lane.isPending() && left-- == 0) {
        lane.deliver();
        return;
      }
    }
    throw new IllegalArgumentException("no lane " + choice);
  }
}
