package dev.cairn.cli;

import java.nio.file.Path;

/**
 * Runs commands on tiny files in one process, so that the archive which the JVM makes at its end
 * holds the classes that they load. Called by {@code bin/assemble}.
 */
final class Rehearsal {
  private Rehearsal() {}

  /**
   * Runs the commands and ends the process with the worst of their statuses.
   *
   * @param arguments a folder with {@code base} and {@code adapter}; {@code merged} is made in it
   */
  public static void main(String[] arguments) {
    Path folder = Path.of(arguments[0]);
    String merged = folder.resolve("merged").toString();
    int merging =
        Main.run(
            "merge-lora",
            "--base=" + folder.resolve("base"),
            "--adapter=" + folder.resolve("adapter"),
            "--output=" + merged);
    System.exit(Math.max(merging, Main.run("inspect", "--json", merged)));
  }
}
