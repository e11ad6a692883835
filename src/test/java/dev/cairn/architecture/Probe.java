package dev.cairn.architecture;

import java.util.List;
import java.util.Set;

/**
 * A use of something that not every package may use.
 *
 * @param rule forbids it
 * @param name of the class that has it
 * @param body of that class
 * @param packages the only ones that may have it, or that may not
 * @param isAllowedThere which of the two; packages below them count as they do
 */
record Probe(String rule, String name, String body, Set<String> packages, boolean isAllowedThere) {
  private static final Set<String> PURE =
      Set.of("tensor", "layout", "safetensors", "policy", "plan", "form", "json", "checksum");
  private static final Set<String> OF_CHECKPOINTS =
      Set.of("", "hf", "run", "restore", "save", "ranks", "meter", "gpu", "commit", "copy");

  static final List<Probe> ALL =
      List.of(
          onlyIn(Set.of("kernels.jni", "io.jni"), "natives", "HasNative", "native void use();"),
          onlyIn(
              Set.of("comm.gloo", "torch"),
              "pytorch",
              "HasTensor",
              "org.bytedeco.pytorch.Tensor used;"),
          onlyIn(
              Set.of("device", "comm.nccl", "torch"),
              "cuda",
              "HasStream",
              "org.bytedeco.cuda.cudart.CUstream_st used;"),
          onlyIn(Set.of("cli"), "picocli", "HasParser", "picocli.CommandLine used;"),
          onlyIn(Set.of("cli"), "picocli", "HasBar", "me.tongfei.progressbar.ProgressBar used;"),
          onlyIn(Set.of("cli"), "system-out", "Prints", "Object used = System.out;"),
          onlyIn(Set.of("cli"), "system-out", "Exits", "void use() { System.exit(1); }"),
          onlyIn(
              Set.of("cli"), "system-out", "Halts", "void use() { Runtime.getRuntime().halt(1); }"),
          onlyIn(Set.of(), "logging", "Logs", "java.util.logging.Logger used;"),
          notIn(PURE, "purity", "HasFile", "java.io.File used;"),
          notIn(PURE, "purity", "HasPath", "java.nio.file.Path used;"),
          notIn(PURE, "purity", "HasSocket", "java.net.Socket used;"),
          notIn(PURE, "purity", "HasInstant", "java.time.Instant used;"),
          notIn(PURE, "purity", "HasThread", "Thread used;"),
          notIn(PURE, "purity", "HasPointer", "org.bytedeco.javacpp.Pointer used;"),
          notIn(PURE, "clocks", "AsksTheTime", "long used = System.nanoTime();"),
          notIn(PURE, "clocks", "AsksTheEnvironment", "String used = System.getenv(\"A\");"),
          notIn(OF_CHECKPOINTS, "disk", "HasChannel", "java.nio.channels.FileChannel used;"),
          notIn(
              OF_CHECKPOINTS,
              "disk",
              "MakesFile",
              "void use() throws Exception {"
                  + " java.nio.file.Files.createFile(java.nio.file.Path.of(\"a\")); }"));

  private static Probe onlyIn(Set<String> packages, String rule, String name, String body) {
    return new Probe(rule, name, body, packages, true);
  }

  private static Probe notIn(Set<String> packages, String rule, String name, String body) {
    return new Probe(rule, name, body, packages, false);
  }

  /** Returns whether a package, named from the root on, may have it. */
  boolean isAllowedIn(String name) {
    boolean isOneOfThem =
        packages.stream()
            .anyMatch(one -> name.equals(one) || (!one.isEmpty() && name.startsWith(one + ".")));
    return isOneOfThem == isAllowedThere;
  }
}
