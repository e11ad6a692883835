package dev.cairn.restore;

import dev.cairn.comm.channel.Control;
import dev.cairn.comm.channel.Transport;
import dev.cairn.copy.BufferWorkers;
import dev.cairn.ranks.Outcome;
import dev.cairn.restore.ReadPlan.ReadRange;
import dev.cairn.safetensors.Manifest.TensorRecord;
import dev.cairn.save.SaveContext;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;

/**
 * A restore in which rank 0 alone reads, a gather backwards: each of the others asks for its ranges
 * message by message, as many at once as it has staging buffers, and rank 0 answers one rank after
 * the other, its own ranges among them.
 *
 * <p>Both sides take messages in order and number them. So the next message of each rank has always
 * been asked for, or soon will be, and nobody waits for somebody who waits.
 */
final class RankZeroReads implements AutoCloseable {
  private static final int READER = 0;

  private final SaveContext tools;
  private final CheckpointReader reader;
  private final ReadPlan plan;
  private final List<List<ReadRange>> messages;
  private Transport transport;

  /**
   * Prepares to read.
   *
   * @param reader closed here; only rank 0's opens files
   * @param plan what this rank wants
   */
  RankZeroReads(SaveContext tools, CheckpointReader reader, ReadPlan plan) {
    this.tools = tools;
    this.reader = reader;
    this.plan = plan;
    this.messages = RangeMessage.group(plan.ranges(), tools.staging().bufferBytes());
  }

  /** Returns how many messages this rank will ask for. */
  int messages() {
    return messages.size();
  }

  /** Connects the ranks. Collective. */
  void connect() throws IOException {
    transport = tools.ranks().communicator().transport();
  }

  /**
   * Fills this rank's ranges. Every rank calls it.
   *
   * @param messagesByRank what {@link #messages} is on each rank
   */
  void run(Filling filling, int[] messagesByRank) throws IOException {
    if (tools.ranks().rank() == READER) {
      answer(filling, messagesByRank);
    } else {
      ask(filling);
    }
  }

  private void answer(Filling filling, int[] messagesByRank) throws IOException {
    int[] counts = messagesByRank.clone();
    counts[READER] = plan.ranges().size();
    inTurns(
        counts,
        (turn, buffer) -> {
          if (turn.rank() == READER) {
            filling.read(reader, plan.ranges().get(turn.number()), buffer);
          } else {
            answer(turn, buffer);
          }
        });
  }

  private void answer(Turns.Turn turn, ByteBuffer buffer) throws IOException {
    int tag = turn.number() & Transport.MAX_TAG;
    transport.receive(RangeMessage.question(buffer), turn.rank(), tag).await();
    transport.send(RangeMessage.read(reader, buffer), turn.rank(), tag).await();
  }

  private void ask(Filling filling) throws IOException {
    Map<TensorRecord, Integer> places = RangeMessage.places(reader.tensors());
    inTurns(
        new int[] {messages.size()},
        (turn, buffer) -> {
          List<ReadRange> message = messages.get(turn.number());
          RangeMessage.encode(message, places, RangeMessage.question(buffer));
          ask(message, turn, buffer, filling);
        });
  }

  private void ask(List<ReadRange> message, Turns.Turn turn, ByteBuffer buffer, Filling filling)
      throws IOException {
    int tag = turn.number() & Transport.MAX_TAG;
    transport.send(RangeMessage.question(buffer), READER, tag).await();
    ByteBuffer answer = RangeMessage.answer(buffer, RangeMessage.lengthBytes(message));
    transport.receive(answer, READER, tag).await();
    int begin = 0;
    for (ReadRange range : message) {
      int end = begin + range.lengthBytes();
      filling.put(range, answer.duplicate().limit(end).position(begin));
      begin = end;
    }
  }

  /** What is done in one turn. */
  private interface Work {
    void in(Turns.Turn turn, ByteBuffer buffer) throws IOException;
  }

  private void inTurns(int[] counts, Work work) throws IOException {
    Turns next = new Turns(counts);
    Control control = tools.ranks().communicator().control();
    BufferWorkers.run(
        tools.staging(),
        "cairn-restore",
        buffer -> {
          for (Turns.Turn turn = next.take(); turn != null; turn = next.take()) {
            work.in(turn, buffer);
            control.progressed();
          }
        },
        failure ->
            control.cancel(Outcome.reason(failure))); // others wait for what this was to send
  }

  @Override
  public void close() throws IOException {
    reader.close();
  }
}
