package dev.cairn.support;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * One finished process.
 *
 * @param exitCode its status
 * @param out what it wrote to standard output
 * @param err what it wrote to standard error
 */
public record ShellRun(int exitCode, String out, String err) {
  private static final int LIMIT_SECONDS = 600;

  /** The checkout that this build is of. */
  public static final Path CHECKOUT = Path.of("").toAbsolutePath();

  /** Runs {@code bin/cairn} from another directory. */
  public static ShellRun cairn(Path workingDirectory, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(CHECKOUT.resolve("bin/cairn").toString());
    command.addAll(List.of(arguments));
    return of(workingDirectory, Map.of(), command);
  }

  /**
   * Runs {@code bin/cairn} from another directory and returns the most memory it was seen to have.
   */
  public static long peakBytes(Path workingDirectory, String arguments)
      throws IOException, InterruptedException {
    String watch =
        "%s/bin/cairn %s >/dev/null & while line=$(grep VmHWM /proc/$!/status); do last=$line; sleep 0.01; done;"
            + " wait $! && echo $last";
    ShellRun run =
        of(workingDirectory, Map.of(), List.of("bash", "-c", watch.formatted(CHECKOUT, arguments)));
    if (run.exitCode() != 0) {
      throw new IOException("failed: cairn " + arguments + "\n" + run.err());
    }
    return Long.parseLong(run.out().replaceAll("\\D", "")) << 10;
  }

  /** Runs a command to its end. */
  public static ShellRun of(
      Path workingDirectory, Map<String, String> environment, List<String> command)
      throws IOException, InterruptedException {
    Path out = Files.createTempFile("out", null);
    Path err = Files.createTempFile("err", null);
    try {
      ProcessBuilder builder = new ProcessBuilder(command).directory(workingDirectory.toFile());
      builder.environment().putAll(environment);
      builder.redirectOutput(out.toFile()).redirectError(err.toFile());
      Process process = builder.start();
      process.getOutputStream().close();
      if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
        throw new IOException("did not end: " + command + "\n" + Files.readString(err));
      }
      return new ShellRun(process.exitValue(), text(out), text(err));
    } finally {
      Files.delete(out);
      Files.delete(err);
    }
  }

  private static String text(Path file) throws IOException {
    return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
  }
}
