package dev.cairn.device;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * The emulated CUDA of {@code native/emulation}, which stands in for a GPU in a JVM of its own:
 * CUDA itself must not have been loaded there.
 */
public final class Emulation {
  /** Where {@code cppbuild.sh} put what it built. */
  public static final Path BUILT =
      Path.of(System.getProperty("cairn.built", "target/native/linux-x86_64"));

  private static final Path FOLDER = BUILT.resolve("emulation");

  private Emulation() {}

  /** What a JVM did before it ended. */
  public record Ended(int status, String output) {
    /** Returns whether it ended well: such a program says at last that it is done. */
    public boolean isDone() {
      return status == 0 && output.endsWith("done\n");
    }
  }

  /**
   * Runs the main class in a new JVM under the emulation, with settings {@code CAIRN_EMULATION_*}.
   */
  public static Ended run(Class<?> main, Map<String, String> settings, String... arguments)
      throws IOException, InterruptedException {
    return java(options(FOLDER), System.getProperty("java.class.path"), main, settings, arguments);
  }

  /**
   * Runs the main class in a new JVM under the emulated CUDA, but with the kernels' library in a
   * jar for GPUs: nvcc's host code.
   *
   * @param folder an empty one
   */
  public static Ended runWithLibraryOf(Path jar, Path folder, Class<?> main)
      throws IOException, InterruptedException {
    for (String library : List.of("libcuda.so.1", "libcudart.so.13")) {
      Files.copy(FOLDER.resolve(library), folder.resolve(library));
    }
    List<String> options = options(folder);
    options.add("-Dorg.bytedeco.javacpp.platform.extension=-gpu");
    String classPath = jar + ":" + System.getProperty("java.class.path");
    return java(options, classPath, main, Map.of());
  }

  private static List<String> options(Path libraries) {
    List<String> options = new ArrayList<>();
    options.add("-Djava.library.path=" + libraries.toAbsolutePath());
    options.add("-Dorg.bytedeco.javacpp.pathsFirst=true");
    // Links to the emulated libraries must not be left where real ones are looked for.
    options.add("-Dorg.bytedeco.javacpp.cachedir=target/javacpp-emulation");
    return options;
  }

  /**
   * Runs the main class in several new JVMs at once under the emulation, which know their number as
   * {@code RANK}.
   */
  public static List<Ended> runAll(
      int processes, Class<?> main, Map<String, String> settings, String... arguments)
      throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(processes);
    try {
      List<Future<Ended>> running = new ArrayList<>();
      for (int rank = 0; rank < processes; rank++) {
        Map<String, String> environment = new HashMap<>(settings);
        environment.put("RANK", Integer.toString(rank));
        running.add(threads.submit(() -> run(main, environment, arguments)));
      }
      List<Ended> ended = new ArrayList<>();
      for (Future<Ended> one : running) {
        ended.add(one.get());
      }
      return ended;
    } finally {
      threads.shutdownNow();
    }
  }

  /** Runs the main class in a new JVM without an emulation. */
  public static Ended runWithout(Class<?> main, String... arguments)
      throws IOException, InterruptedException {
    return java(List.of(), System.getProperty("java.class.path"), main, Map.of(), arguments);
  }

  private static Ended java(
      List<String> options,
      String classPath,
      Class<?> main,
      Map<String, String> environment,
      String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED"); // JDK 25 warns otherwise
    command.addAll(options);
    command.add("-Dcairn.built=" + BUILT);
    command.addAll(List.of("-Xcheck:jni", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    command.addAll(List.of("-XX:-CreateCoredumpOnCrash", "-XX:ErrorFile=target/hs_err_%p.log"));
    command.addAll(List.of("-cp", classPath, main.getName()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().putAll(environment);
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (!process.waitFor(5, TimeUnit.MINUTES)) {
      process.destroyForcibly();
      throw new IOException("did not end: " + main + "\n" + output);
    }
    return new Ended(process.exitValue(), output);
  }

  /** Returns whether this JVM was told, with {@code cairn.hardware}, to use real GPUs instead. */
  public static boolean isReplaced() {
    return Boolean.getBoolean("cairn.hardware");
  }

  /** Loads the emulation, unless it is replaced; first of all in a JVM. */
  public static void load() {
    if (isReplaced()) {
      return;
    }
    loadAlone(
        () -> {
          System.load(FOLDER.resolve("libcuda.so.1").toAbsolutePath().toString());
          System.load(FOLDER.resolve("libcudart.so.13").toAbsolutePath().toString());
          Check.equal(true, Cuda.isAvailable(), "available");
        });
  }

  /**
   * Loads libraries of Bytedeco's while no other process under the emulation does: JavaCPP may load
   * what another is still unpacking.
   */
  public static void loadAlone(Runnable load) {
    try (FileChannel channel =
            FileChannel.open(
                FOLDER.resolve("loading"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = channel.lock()) {
      load.run();
      Check.equal(true, lock.isValid(), "still locked");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Makes the nth call from now fail. */
  public static native void failCall(int nth, int error);

  /** Makes the nth piece of a stream's work from now fail, and with it all calls after that. */
  public static native void failWork(int nth, int error);

  /** Returns whether what was asked to fail has not been reached yet. */
  public static native boolean failureIsPending();

  /**
   * Leaves out waits of streams for events, as a program that forgot them would: the {@code first}
   * from now, counted from 0, and then every so manieth; none if {@code every} is 0.
   */
  public static native void skipStreamWaits(int first, int every);

  /** Leaves out the host's waits for events, or makes them again. */
  public static native void skipHostWaits(boolean skipped);

  /** Forgets that a stream's work failed, which hardware does not. */
  public static native void clearFault();

  /** Returns the bytes of device and pinned memory that are not freed. */
  public static native long liveBytes();

  /** Returns which GPUs have a context: a bit for each. */
  public static native long contexts();

  /** Returns how often the host has waited without giving up its processor. */
  public static native int spins();

  /** Returns the streams and events that are not destroyed. */
  public static native int liveHandles();
}
