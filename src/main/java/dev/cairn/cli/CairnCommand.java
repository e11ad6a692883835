package dev.cairn.cli;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The command without a subcommand: says what there is. */
@Command(
    name = "cairn",
    description = "Saves sharded models as Hugging Face folders, and looks into such folders.",
    synopsisSubcommandLabel = "COMMAND",
    scope = ScopeType.INHERIT,
    mixinStandardHelpOptions = true,
    versionProvider = CairnCommand.Version.class,
    subcommands = {
      DemoCommand.class,
      ConsolidateCommand.class,
      MergeLoraCommand.class,
      InspectCommand.class,
      VerifyCommand.class,
      DiffCommand.class,
      ListCommand.class,
      PruneCommand.class,
      PlanCommand.class
    },
    footer = {
      "",
      "Exit status: 0 fine, 1 the input differs, is corrupt or incomplete, 2 wrong usage or a"
          + " target that exists, 3 disk, peer or save failure.",
      "",
      "Example: cairn demo --ranks 4 --parameters 124M"
    })
final class CairnCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

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
