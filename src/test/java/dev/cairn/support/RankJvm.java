package dev.cairn.support;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * How a JVM is started that plays one rank of a test: one that begins soon and does not do much.
 */
public final class RankJvm {
  private RankJvm() {}

  /** Returns a command that lacks only the main class and its arguments. */
  public static List<String> command(int heapMebibytes, String classPath) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx" + heapMebibytes + "m", "-XX:+UseSerialGC"));
    command.add("-XX:TieredStopAtLevel=1");
    // Otherwise JavaCPP looks for some thirty libraries of CUDA before it loads PyTorch's.
    command.add("-Dorg.bytedeco.javacpp.platform.extension=-none");
    command.addAll(List.of("-cp", classPath));
    return command;
  }
}
