package dev.cairn.cli;

import dev.cairn.cli.demo.DemoCommand;
import dev.cairn.cli.plan.PlanCommand;
import dev.cairn.cli.text.ExitCode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Callable;
import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** The command without a subcommand: says what there is. */
@Command(
    name = "cairn",
    description = "Saves sharded models as Hugging Face folders, and looks into such folders.",
    synopsisSubcommandLabel = "COMMAND",
    scope = ScopeType.INHERIT,
    mixinStandardHelpOptions = true,
    versionProvider = CairnCommand.Version.class,
    footer = {
      "",
      "Exit status: 0 fine, 1 the input differs, is corrupt or incomplete, 2 wrong usage or a"
          + " target that exists, 3 disk, peer or save failure.",
      "",
      "Example: cairn demo --ranks 4 --parameters 124M"
    })
final class CairnCommand implements Callable<Integer> {
  private static final String HELP = "help";
  private static final String COMPLETION = "generate-completion";
  private static final Map<String, Class<?>> COMMANDS = new LinkedHashMap<>();

  static {
    COMMANDS.put("demo", DemoCommand.class);
    COMMANDS.put("consolidate", ConsolidateCommand.class);
    COMMANDS.put("merge-lora", MergeLoraCommand.class);
    COMMANDS.put("inspect", InspectCommand.class);
    COMMANDS.put("verify", VerifyCommand.class);
    COMMANDS.put("diff", DiffCommand.class);
    COMMANDS.put("list", ListCommand.class);
    COMMANDS.put("prune", PruneCommand.class);
    COMMANDS.put("plan", PlanCommand.class);
    COMMANDS.put(HELP, HelpCommand.class);
    COMMANDS.put(COMPLETION, GenerateCompletion.class);
  }

  @Spec private CommandSpec spec;

  /**
   * Returns the command line with the subcommand that the arguments begin with, or with all of them
   * if they begin with none or with one that tells of the others; the version needs none. To look
   * at the options of one takes longer than to read a header.
   */
  static CommandLine commandLine(String... arguments) {
    CommandLine line = new CommandLine(new CairnCommand());
    String first = arguments.length == 0 ? "" : arguments[0];
    boolean tellsOfOthers = first.equals(HELP) || first.equals(COMPLETION);
    if (COMMANDS.containsKey(first) && !tellsOfOthers) {
      line.addSubcommand(first, COMMANDS.get(first));
    } else if (!List.of(arguments).equals(List.of("--version"))) {
      COMMANDS.forEach(line::addSubcommand);
    }
    return line.registerConverter(Path.class, CairnCommand::path);
  }

  /** An empty text, mostly a variable that was not set, would be the folder that the user is in. */
  private static Path path(String text) {
    if (text.isEmpty()) {
      throw new TypeConversionException("a path is empty");
    }
    return Path.of(text);
  }

  @Override
  public Integer call() {
    spec.commandLine().usage(spec.commandLine().getErr());
    return ExitCode.USAGE;
  }

  /** The version that Maven wrote into the jar. */
  static final class Version implements IVersionProvider {
    private static final String RESOURCE = "/META-INF/maven/dev.cairn/cairn/pom.properties";

    @Override
    public String[] getVersion() throws IOException {
      try (InputStream resource = CairnCommand.class.getResourceAsStream(RESOURCE)) {
        Properties properties = new Properties();
        if (resource != null) {
          properties.load(resource);
        }
        return new String[] {"cairn " + properties.getProperty("version", "(from classes)")};
      }
    }
  }
}
