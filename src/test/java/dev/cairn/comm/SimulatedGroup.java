package dev.cairn.comm;

import dev.cairn.comm.bulk.InProcessTransports;
import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.channel.Timeouts;
import dev.cairn.comm.control.Hub;
import dev.cairn.comm.control.HubLine;
import dev.cairn.comm.control.Join;
import dev.cairn.comm.control.RankNames;
import dev.cairn.comm.control.Session;
import dev.cairn.machine.Machine;
import dev.cairn.simulation.scheduling.Alarm;
import dev.cairn.simulation.scheduling.Lane;
import dev.cairn.simulation.scheduling.SeededScheduler;
import dev.cairn.simulation.scheduling.SimulatedProcess;
import java.util.ArrayList;
import java.util.List;

/**
 * A group whose ranks are simulated processes: the real hub, sessions and communicators, between
 * which messages travel as over the TCP control channel, one lane for each direction of each rank.
 * The hub is rank 0's; whoever dies is noticed at the end of its lane.
 */
public final class SimulatedGroup implements RankGroup, Alarm {
  private final SeededScheduler scheduler;
  private final List<SimulatedProcess> processes;
  private final List<Communicator> communicators = new ArrayList<>();
  private final Session[] sessions;
  private final Lane[] toHub;
  private final Lane[] fromHub;
  private final boolean[] departed;
  private final List<SimulatedBulk> bulk = new ArrayList<>();
  private final Hub hub;
  private boolean isOver;

  /** Connects the processes, which become ranks in this order. */
  public SimulatedGroup(
      SeededScheduler scheduler,
      List<SimulatedProcess> processes,
      List<Machine> machines,
      Timeouts timeouts) {
    this.scheduler = scheduler;
    this.processes = List.copyOf(processes);
    int size = processes.size();
    this.sessions = new Session[size];
    this.toHub = new Lane[size];
    this.fromHub = new Lane[size];
    this.departed = new boolean[size];
    Hub.Member[] members = new Hub.Member[size];
    InProcessTransports exchanges = new InProcessTransports(size, timeouts, machines.get(0));
    for (int rank = 0; rank < size; rank++) {
      toHub[rank] = new Lane(scheduler, rank + " to hub");
      fromHub[rank] = new Lane(scheduler, "hub to " + rank);
      sessions[rank] = new Session(rank, size, 0, machines.get(rank));
      sessions[rank].attach(new Line(rank));
      members[rank] = rank == 0 ? sessions[0] : new Remote(rank);
      SimulatedBulk own = new SimulatedBulk(exchanges.factory(rank));
      bulk.add(own);
      int self = rank;
      communicators.add(new RankCommunicator(sessions[rank], own, () -> leave(self)));
      processes.get(rank).onDeath(() -> died(self));
    }
    this.hub = new Hub(members, timeouts);
    scheduler.add(this);
  }

  @Override
  public List<Communicator> communicators() {
    return communicators;
  }

  @Override
  public void end() {
    isOver = true;
    scheduler.remove(this);
    for (int rank = 0; rank < toHub.length; rank++) {
      toHub[rank].end();
      fromHub[rank].end();
    }
  }

  private void leave(int rank) {
    if (processes.get(rank).isDead()) {
      return;
    }
    toHub[rank].send(
        "left",
        () -> {
          departed[rank] = true;
          hub.leave(rank);
        });
  }

  private void died(int rank) {
    if (isOver) {
      return;
    }
    String reason = RankNames.name(rank, sessions.length) + " closed the connection";
    bulk.get(rank).died(new CommunicationException(rank, reason));
    fromHub[rank].clear();
    if (rank == 0) {
      toHub[0].clear();
      for (int other = 1; other < sessions.length; other++) {
        Session told = sessions[other];
        boolean leftBefore = departed[0];
        toHub[other].clear();
        fromHub[other].send(
            "end",
            () -> {
              if (!leftBefore) {
                told.failed(0, reason);
              }
            });
      }
    } else if (!processes.get(0).isDead()) {
      toHub[rank].send(
          "end",
          () -> {
            if (!departed[rank]) {
              hub.fail(rank, reason);
            }
          });
    }
  }

  @Override
  public long dueNanos() {
    if (processes.get(0).isDead() || departed[0]) {
      return Long.MAX_VALUE;
    }
    long now = scheduler.nanoTime();
    long remaining = hub.remainingNanos(now);
    return remaining == Long.MAX_VALUE ? remaining : now + Math.max(0, remaining);
  }

  @Override
  public void ring() {
    long now = scheduler.nanoTime();
    for (Session session : sessions) {
      if (!processes.get(session.rank()).isDead()) {
        hub.progress(session.rank(), session.progress(), now);
      }
    }
    hub.expire(now);
  }

  /** A rank's way to the hub. */
  private final class Line implements HubLine {
    private final int rank;

    Line(int rank) {
      this.rank = rank;
    }

    private void send(String what, Runnable delivery) {
      if (!processes.get(rank).isDead() && !processes.get(0).isDead()) {
        toHub[rank].send(what, delivery);
      }
    }

    @Override
    public void join(long round, Join join) {
      send(
          join.collective() + " " + round, () -> hub.join(rank, round, join, scheduler.nanoTime()));
    }

    @Override
    public void cancel(long operation, String reason) {
      send("cancel " + operation, () -> hub.cancel(rank, operation, reason));
    }

    @Override
    public void callMeeting(int topic) {
      send("meeting " + topic, () -> hub.callMeeting(topic));
    }

    @Override
    public void answer(long question, long lastStep) {
      send("answer", () -> hub.answer(rank, question, lastStep, scheduler.nanoTime()));
    }
  }

  /** Another rank, as the hub sees it. */
  private final class Remote implements Hub.Member {
    private final int rank;

    Remote(int rank) {
      this.rank = rank;
    }

    private void send(String what, Runnable delivery) {
      if (!processes.get(rank).isDead()) {
        fromHub[rank].send(what, delivery);
      }
    }

    private Session session() {
      return sessions[rank];
    }

    @Override
    public void completed(long round, List<byte[]> messages) {
      send("result " + round, () -> session().completed(round, messages));
    }

    @Override
    public void refused(long round, long operation, String reason) {
      send("refused " + round, () -> session().refused(round, operation, reason));
    }

    @Override
    public void cancelled(int cancellingRank, long operation, String reason) {
      send("cancelled", () -> session().cancelled(cancellingRank, operation, reason));
    }

    @Override
    public void left(int departedRank) {
      send("left " + departedRank, () -> session().left(departedRank));
    }

    @Override
    public void asked(long question) {
      send("asked", () -> session().asked(question));
    }

    @Override
    public void agreed(int topic, long step) {
      send("agreed", () -> session().agreed(topic, step));
    }

    @Override
    public void failed(int failedRank, String message) {
      send("failed " + failedRank, () -> session().failed(failedRank, message));
    }
  }
}
