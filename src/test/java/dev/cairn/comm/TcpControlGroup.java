package dev.cairn.comm;

import dev.cairn.comm.bulk.InProcessTransports;
import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.channel.Timeouts;
import dev.cairn.comm.control.Connection;
import dev.cairn.comm.control.EventLoop;
import dev.cairn.comm.control.HubLine;
import dev.cairn.comm.control.Join;
import dev.cairn.comm.control.Listening;
import dev.cairn.comm.control.Origin;
import dev.cairn.comm.control.RankNames;
import dev.cairn.comm.control.Run;
import dev.cairn.comm.control.Session;
import dev.cairn.comm.control.TcpHub;
import dev.cairn.comm.control.TcpMember;
import dev.cairn.comm.rendezvous.Endpoint;
import dev.cairn.machine.Machine;
import dev.cairn.simulation.scheduling.SimulatedProcess;
import dev.cairn.support.Fields;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * A group whose ranks talk over the real TCP control channel, though they live in one process; the
 * bulk of their saves stays in it. Whoever dies, its sockets are reset without a word.
 */
public final class TcpControlGroup implements RankGroup {
  private final List<SimulatedProcess> processes;
  private final List<Communicator> communicators = new ArrayList<>();
  private final List<SimulatedBulk> bulk = new ArrayList<>();
  private final List<Runnable> resets = new ArrayList<>();
  private final List<CompletableFuture<Void>> deaths = new ArrayList<>();

  /** Connects the processes, which become ranks in this order. */
  public TcpControlGroup(
      List<SimulatedProcess> processes, List<Machine> machines, Timeouts timeouts) {
    this.processes = List.copyOf(processes);
    int size = processes.size();
    if (size == 1) { // as Environment does
      communicators.addAll(InProcess.group(size, timeouts, machines.get(0)));
      return;
    }
    InProcessTransports exchanges = new InProcessTransports(size, timeouts, machines.get(0));
    for (int rank = 0; rank < size; rank++) {
      bulk.add(new SimulatedBulk(exchanges.factory(rank)));
      int self = rank;
      processes.get(rank).onDeath(() -> deaths.add(CompletableFuture.runAsync(() -> died(self))));
    }
    try {
      connect(size, machines, timeouts);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void connect(int size, List<Machine> machines, Timeouts timeouts) throws IOException {
    Origin origin = Origin.of(Run.UNKNOWN);
    Endpoint nowhere = new Endpoint("", 1, Endpoint.newSecret());
    Session zero = new Session(0, size, 0, machines.get(0));
    InetAddress here = InetAddress.getLoopbackAddress();
    Listening loopback = Listening.ANYWHERE.onAddressOr(here);
    TcpHub hub =
        new TcpHub(zero, timeouts, origin, nowhere.secretBytes(), loopback, Optional.empty());
    zero.attach(new LivingLine(processes.get(0), hub));
    hub.start();
    add(zero, hub::leave, () -> reset(hub));
    List<CompletableFuture<Boolean>> welcomes = new ArrayList<>();
    for (int rank = 1; rank < size; rank++) {
      SocketChannel channel = SocketChannel.open(new InetSocketAddress(here, hub.port()));
      Session session = new Session(rank, size, 0, machines.get(rank));
      TcpMember member = new TcpMember(session, timeouts, channel);
      session.attach(new LivingLine(processes.get(rank), member));
      member.start(nowhere.secretBytes(), origin);
      add(session, member::leave, () -> reset(member, channel));
      welcomes.add(member.welcome());
    }
    hub.complete().join();
    if (!welcomes.stream().allMatch(CompletableFuture::join)) {
      throw new IOException("rank 0 has let a rank of its own group down");
    }
  }

  private void add(Session session, Runnable leave, Runnable reset) {
    SimulatedBulk own = bulk.get(session.rank());
    communicators.add(new RankCommunicator(session, own, leave));
    resets.add(reset);
  }

  @Override
  public List<Communicator> communicators() {
    return communicators;
  }

  /** The kernel ends the connections of a process that is gone. */
  private void died(int rank) {
    resets.get(rank).run();
    String reason = RankNames.name(rank, processes.size()) + " closed the connection";
    bulk.get(rank).died(new CommunicationException(rank, reason));
  }

  private static void reset(TcpMember member, SocketChannel channel) {
    makeAbrupt(channel);
    member.abandon();
  }

  private static void reset(TcpHub hub) {
    EventLoop loop = (EventLoop) Fields.get(hub, "loop");
    Connection[] connections = (Connection[]) Fields.get(hub, "connections");
    loop.execute(
        () ->
            Arrays.stream(connections)
                .skip(1)
                .forEach(
                    connection -> {
                      makeAbrupt((SocketChannel) Fields.get(connection, "channel"));
                      connection.close();
                    }));
    loop.stop();
  }

  /** What closes it will lose what is on its way. */
  private static void makeAbrupt(SocketChannel channel) {
    try {
      channel.setOption(StandardSocketOptions.SO_LINGER, 0);
    } catch (IOException e) {
      // it is closed already
    }
  }

  @Override
  public void end() {
    deaths.forEach(CompletableFuture::join);
  }

  /** The line of a process: what threads of one that has died still do is not sent. */
  private record LivingLine(SimulatedProcess process, HubLine line) implements HubLine {
    private void send(Runnable message) {
      if (!process.isDead()) {
        message.run();
      }
    }

    @Override
    public void join(long round, Join join) {
      send(() -> line.join(round, join));
    }

    @Override
    public void cancel(long operation, String reason) {
      send(() -> line.cancel(operation, reason));
    }

    @Override
    public void callMeeting(int topic) {
      send(() -> line.callMeeting(topic));
    }

    @Override
    public void answer(long question, long lastStep) {
      send(() -> line.answer(question, lastStep));
    }
  }
}
