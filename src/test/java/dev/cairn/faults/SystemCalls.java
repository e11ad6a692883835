package dev.cairn.faults;

import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What one process asked of the operating system, as strace wrote it down. */
record SystemCalls(List<Call> calls) {
  /** Lines begin with thread and time; an open file's path follows its number. */
  private static final List<String> TRACER =
      List.of("strace", "-f", "-y", "-qq", "-ttt", "-T", "--seccomp-bpf");

  private static final String TRACED = "trace=pwrite64,fsync,renameat2,mkdir";
  private static final Pattern LINE = Pattern.compile("(\\d+) +(\\d+\\.\\d+) (.*)");
  private static final Pattern RESUMED = Pattern.compile("<\\.\\.\\. (\\w+) resumed>.*");
  private static final Pattern TOOK = Pattern.compile(".*<(\\d+\\.\\d+)>");
  private static final Pattern OF_FILE = Pattern.compile("(pwrite64|fsync)\\(\\d+<([^>]*)>.*");
  private static final Pattern OF_NAME = Pattern.compile("(mkdir)\\(\"([^\"]*)\".*");
  private static final Pattern RENAME =
      Pattern.compile("(renameat2)\\([^\"]*\"([^\"]*)\"[^\"]*\"([^\"]*)\"(.*)");

  /**
   * A call and when it was under way.
   *
   * @param path what it is about; of a rename the source
   * @param more the target and the flags of a rename
   */
  record Call(String name, String path, String more, BigDecimal begin, BigDecimal end) {
    boolean isBefore(Call other) {
      return end.compareTo(other.begin) <= 0;
    }
  }

  /** Returns the command that runs a program so that its calls are written to a file. */
  static List<String> tracer(Path trace) {
    List<String> command = new ArrayList<>(TRACER);
    command.addAll(List.of("-e", TRACED, "-o", trace.toString()));
    return command;
  }

  static SystemCalls read(Path trace) throws IOException {
    List<Call> calls = new ArrayList<>();
    Map<String, Call> underWay = new HashMap<>();
    for (String text : Files.readAllLines(trace)) {
      Matcher line = LINE.matcher(text);
      if (!line.matches()) {
        continue;
      }
      BigDecimal time = new BigDecimal(line.group(2));
      if (RESUMED.matcher(line.group(3)).matches()) {
        Call call = underWay.remove(line.group(1));
        calls.add(new Call(call.name(), call.path(), call.more(), call.begin(), time));
        continue;
      }
      Matcher took = TOOK.matcher(text);
      boolean isOver = took.matches();
      BigDecimal end = isOver ? time.add(new BigDecimal(took.group(1))) : time;
      Call call = call(line.group(3), time, end);
      if (isOver && call != null) {
        calls.add(call);
      } else if (call != null) {
        underWay.put(line.group(1), call);
      }
    }
    return new SystemCalls(calls);
  }

  private static Call call(String text, BigDecimal begin, BigDecimal end) {
    for (Pattern pattern : List.of(OF_FILE, OF_NAME)) {
      Matcher matcher = pattern.matcher(text);
      if (matcher.matches()) {
        return new Call(matcher.group(1), matcher.group(2), "", begin, end);
      }
    }
    Matcher rename = RENAME.matcher(text);
    return rename.matches()
        ? new Call(
            "rename", slashless(rename.group(2)), rename.group(3) + rename.group(4), begin, end)
        : null;
  }

  private static String slashless(String path) {
    return path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
  }

  /** Returns the calls of a name on a path, in the order of their ends. */
  List<Call> of(String name, String path) {
    return calls.stream().filter(c -> c.name().equals(name) && c.path().equals(path)).toList();
  }
}
