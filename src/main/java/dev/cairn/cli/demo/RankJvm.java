package dev.cairn.cli.demo;

import dev.cairn.cli.text.OneLineLog;
import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** How the JVM of a rank is started: with the classes and the libraries of this one. */
final class RankJvm {
  private static final String LIBRARIES = "java.library.path";
  private static final String LIBRARIES_FIRST = "org.bytedeco.javacpp.pathsFirst";

  private RankJvm() {}

  /** Returns a command that lacks the arguments of {@link RankMain}. */
  static List<String> command(boolean isShort) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    // Small and still: what a rank's memory grows by is then the save's doing.
    command.addAll(List.of("-XX:+UseSerialGC", "-XX:-UsePerfData", "-Xms48m", "-Xmx1g"));
    command.addAll(List.of("-Xshare:auto", "-Xlog:disable", "-Xlog:all=error:stderr"));
    if (isShort) {
      command.add("-XX:TieredStopAtLevel=1");
    }
    // Partitions are JavaCPP's memory, and as large as the machine lets them be.
    command.add("-Dorg.bytedeco.javacpp.maxBytes=0");
    command.add("-Dorg.bytedeco.javacpp.maxPhysicalBytes=0");
    command.add(OneLineLog.property());
    Optional.ofNullable(System.getProperty("cairn.archive"))
        .ifPresent(archive -> command.add("-XX:SharedArchiveFile=" + archive));
    Module module = RankMain.class.getModule();
    String name = RankMain.class.getName();
    if (module.isNamed()) {
      addModule(command, module.getName());
      command.addAll(List.of("-m", module.getName() + "/" + name));
    } else {
      command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-cp", classpath(), name));
    }
    return command;
  }

  /** In the image of an unpacked archive, whose libraries lie beside it. */
  private static void addModule(List<String> command, String module) {
    String access = module;
    String classpath = classpath();
    if (!classpath.isEmpty()) {
      access += ",ALL-UNNAMED";
      command.addAll(List.of("-cp", classpath, "--add-reads", module + "=ALL-UNNAMED"));
    }
    command.add("--enable-native-access=" + access);
    if (Boolean.getBoolean(LIBRARIES_FIRST)) {
      command.add("-D" + LIBRARIES_FIRST + "=true");
      command.add("-D" + LIBRARIES + "=" + System.getProperty(LIBRARIES));
    }
  }

  private static String classpath() {
    String own = System.getProperty("java.class.path", "");
    String gloo = System.getProperty("cairn.gloo.classpath", "");
    return gloo.isEmpty() ? own : own + File.pathSeparator + gloo;
  }
}
