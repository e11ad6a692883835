package dev.cairn.hosts;

import dev.cairn.Checkpointer;
import dev.cairn.comm.Communicator;
import dev.cairn.hf.ModelFiles;
import dev.cairn.layout.Layout;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.Partition;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Measures how long bytes take from one host to another, in seconds, the best of three: {@code
 * gather FOLDER BYTES} saves a model as one of several ranks, {@code receive PORT BYTES} and {@code
 * send HOST PORT BYTES} are the two ends of a plain TCP stream.
 */
final class WireRank {
  private static final int ATTEMPTS = 3;
  private static final int PARAMETERS = 8;

  private WireRank() {}

  public static void main(String[] arguments) throws IOException {
    double seconds =
        switch (arguments[0]) {
          case "gather" -> gather(Path.of(arguments[1]), Long.parseLong(arguments[2]));
          case "receive" -> receive(Integer.parseInt(arguments[1]), Long.parseLong(arguments[2]));
          default ->
              send(
                  new InetSocketAddress(arguments[1], Integer.parseInt(arguments[2])),
                  Long.parseLong(arguments[3]));
        };
    System.out.println("\nDONE " + arguments[0] + " " + seconds);
  }

  private static double gather(Path folder, long modelBytes) throws IOException {
    SaveOptions options =
        SaveOptions.builder()
            .mode(SaveMode.GATHER)
            .durability(Durability.FAST)
            .keepDtypes()
            .overwrite(true)
            .build();
    try (Communicator communicator = Communicator.fromEnvironment();
        Checkpointer checkpointer = Checkpointer.open(communicator, options)) {
      ParameterSet model = model(communicator, modelBytes);
      double best = Double.MAX_VALUE;
      for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        communicator.control().allGather(new byte[0]);
        long begin = System.nanoTime();
        checkpointer.save(folder.resolve("model"), model, ModelFiles.none());
        best = Math.min(best, (System.nanoTime() - begin) / 1e9);
      }
      return best;
    }
  }

  private static ParameterSet model(Communicator communicator, long modelBytes) {
    Shape shape = Shape.of(modelBytes / PARAMETERS / 4096, 1024);
    long padded = Layout.zero3().paddedElements(shape, communicator.rank(), communicator.size());
    List<Parameter> parameters = new ArrayList<>();
    for (int index = 0; index < PARAMETERS; index++) {
      ByteBuffer memory = ByteBuffer.allocateDirect(Math.toIntExact(DType.F32.bytes(padded)));
      parameters.add(Parameter.zero3("layers." + index, shape, DType.F32, Partition.of(memory)));
    }
    return ParameterSet.of(parameters);
  }

  private static double receive(int port, long lengthBytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 20);
    double best = Double.MAX_VALUE;
    try (ServerSocketChannel server =
        ServerSocketChannel.open().bind(new InetSocketAddress(port))) {
      System.out.println("\nDONE listen");
      try (SocketChannel sender = server.accept()) {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
          long begin = System.nanoTime();
          sender.write(ByteBuffer.wrap(new byte[1])); // Now.
          for (long left = lengthBytes; left > 0; ) {
            buffer.clear().limit((int) Math.min(left, buffer.capacity()));
            left -= sender.read(buffer);
          }
          best = Math.min(best, (System.nanoTime() - begin) / 1e9);
        }
      }
    }
    return best;
  }

  private static double send(InetSocketAddress receiver, long lengthBytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 20);
    try (SocketChannel channel = SocketChannel.open(receiver)) {
      for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        channel.read(ByteBuffer.allocate(1));
        for (long left = lengthBytes; left > 0; ) {
          buffer.clear().limit((int) Math.min(left, buffer.capacity()));
          left -= channel.write(buffer);
        }
      }
    }
    return 0;
  }
}
