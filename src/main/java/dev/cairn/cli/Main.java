package dev.cairn.cli;

import dev.cairn.cli.text.ExitCode;
import dev.cairn.cli.text.Messages;
import dev.cairn.cli.text.OneLineLog;
import dev.cairn.cli.text.StandardOutput;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** Where the process of one command begins and ends. */
final class Main {
  private Main() {}

  /** Runs one command and ends the process with its status. */
  public static void main(String[] arguments) {
    OneLineLog.use();
    System.exit(run(arguments));
  }

  /** Runs one command and returns the status that the process ends with. */
  static int run(String... arguments) {
    PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
    PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    CommandLine line =
        CairnCommand.commandLine(arguments)
            .setOut(out)
            .setErr(err)
            .setCaseInsensitiveEnumValuesAllowed(true)
            .setParameterExceptionHandler(Main::wrongUsage)
            .setExecutionExceptionHandler(Main::failed);
    int status;
    try {
      status = line.execute(arguments);
    } catch (OutOfMemoryError e) {
      String name = arguments.length == 0 ? "cairn" : "cairn " + arguments[0];
      err.printf("%s: not enough memory: %s%n", name, e.getMessage());
      status = ExitCode.FAILURE;
    }
    if (StandardOutput.isLost(out)) {
      err.println("cairn: the result could not be written to standard output");
      return ExitCode.FAILURE;
    }
    return status;
  }

  private static int wrongUsage(ParameterException wrong, String[] arguments) {
    CommandLine command = wrong.getCommandLine();
    String name = command.getCommandSpec().qualifiedName();
    command.getErr().printf("%s: %s%n", name, wrong.getMessage());
    command.getErr().printf("%s --help shows the options and an example%n", name);
    return ExitCode.USAGE;
  }

  private static int failed(Exception failure, CommandLine command, ParseResult parsed) {
    String name = command.getCommandSpec().qualifiedName();
    if (failure instanceof RuntimeException && !(failure instanceof IllegalArgumentException)) {
      command.getErr().printf("%s: this is a bug in Cairn%n", name);
      failure.printStackTrace(command.getErr());
      return ExitCode.FAILURE;
    }
    command.getErr().printf("%s: %s%n", name, Messages.of(failure));
    return ExitCode.of(failure);
  }
}
