package dev.cairn.comm;

import dev.cairn.comm.bulk.InProcessTransports;
import dev.cairn.comm.bulk.TransportFactory;
import dev.cairn.comm.channel.Timeouts;
import dev.cairn.comm.control.Hub;
import dev.cairn.comm.control.HubLine;
import dev.cairn.comm.control.Join;
import dev.cairn.comm.control.Session;
import dev.cairn.machine.Machine;
import java.util.ArrayList;
import java.util.List;

/** Groups whose ranks are threads of one process. */
final class InProcess {
  private InProcess() {}

  static List<Communicator> group(int size, Timeouts timeouts) {
    return group(size, timeouts, Machine.local());
  }

  /** Makes a group that takes time and waiting from a machine. */
  static List<Communicator> group(int size, Timeouts timeouts, Machine machine) {
    if (size < 1) {
      throw new IllegalArgumentException("no ranks: size=%d, expected 1 or more".formatted(size));
    }
    long expireMillis = Math.max(1, Math.min(1000, timeouts.operation().toMillis() / 4));
    Session[] sessions = new Session[size];
    for (int rank = 0; rank < size; rank++) {
      sessions[rank] = new Session(rank, size, expireMillis, machine);
    }
    Hub hub = new Hub(sessions, timeouts);
    InProcessTransports exchanges = new InProcessTransports(size, timeouts, machine);
    List<Communicator> group = new ArrayList<>();
    for (int rank = 0; rank < size; rank++) {
      int self = rank;
      sessions[rank].attach(new DirectLine(hub, rank, sessions, machine));
      TransportFactory factory = exchanges.factory(rank);
      group.add(new RankCommunicator(sessions[rank], factory, () -> hub.leave(self)));
    }
    return List.copyOf(group);
  }

  @SuppressWarnings("ArrayRecordComponent") // shared by all ranks, and not changed any more
  private record DirectLine(Hub hub, int rank, Session[] sessions, Machine machine)
      implements HubLine {
    @Override
    public void join(long round, Join join) {
      hub.join(rank, round, join, machine.nanoTime());
    }

    @Override
    public void cancel(long operation, String reason) {
      hub.cancel(rank, operation, reason);
    }

    @Override
    public void callMeeting(int topic) {
      hub.callMeeting(topic);
    }

    @Override
    public void answer(long question, long lastStep) {
      hub.answer(rank, question, lastStep, machine.nanoTime());
    }

    @Override
    public void expire() {
      for (Session session : sessions) {
        hub.progress(session.rank(), session.progress(), machine.nanoTime());
      }
      hub.expire(machine.nanoTime());
    }
  }
}
