package dev.cairn.support;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A Python that has imported torch and transformers once for all scripts of this JVM, and runs each
 * of them in a fork of itself. It ends with the JVM, as its input does.
 */
final class ForkingPython {
  private static final Path SCRIPT = Path.of("src/test/python/run_scripts.py");
  private static final Map<String, ForkingPython> BY_INTERPRETER = new HashMap<>();

  private final Process process;
  private final BufferedReader statuses;

  private ForkingPython(String interpreter) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(interpreter, SCRIPT.toString());
    builder.redirectError(ProcessBuilder.Redirect.DISCARD); // what a script says goes to its log
    builder.environment().put("HF_HUB_OFFLINE", "1");
    builder.environment().put("PYTHONDONTWRITEBYTECODE", "1");
    process = builder.start();
    statuses = process.inputReader(StandardCharsets.UTF_8);
  }

  /**
   * Returns the one of an interpreter.
   *
   * @throws IOException if it cannot be started
   */
  static synchronized ForkingPython of(String interpreter) throws IOException {
    ForkingPython python = BY_INTERPRETER.get(interpreter);
    if (python == null || !python.process.isAlive()) {
      python = new ForkingPython(interpreter);
      BY_INTERPRETER.put(interpreter, python);
    }
    return python;
  }

  /**
   * Runs a script to its end.
   *
   * @param log for what it prints
   * @return its exit status, negative for a signal
   * @throws TimeoutException if it did not end in time; all of Python is killed then
   * @throws ExecutionException if Python ended, or did not say a status
   */
  synchronized int run(Path log, int limitMinutes, Path script, String... arguments)
      throws IOException, InterruptedException, ExecutionException, TimeoutException {
    String line = log + "\t" + script + "\t" + String.join("\t", arguments) + "\n";
    try {
      process.getOutputStream().write(line.getBytes(StandardCharsets.UTF_8));
      process.getOutputStream().flush();
      return CompletableFuture.supplyAsync(this::nextStatus).get(limitMinutes, TimeUnit.MINUTES);
    } catch (ExecutionException | TimeoutException e) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly().waitFor();
      throw e;
    }
  }

  private int nextStatus() {
    try {
      return Integer.parseInt(statuses.readLine());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
