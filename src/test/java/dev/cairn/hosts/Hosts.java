package dev.cairn.hosts;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * Hosts on this machine, as far as ranks can tell: each has a network of its own, its own name,
 * boot id and hosts file, on one switch. Needs root.
 */
public final class Hosts implements AutoCloseable {
  private static final String PREFIX = "cairn" + ProcessHandle.current().pid() + "x";
  private static final String SWITCH = PREFIX + "sw";

  private final int count;
  private final Path folder;
  private final Map<Integer, String> mounts = new HashMap<>();
  private final List<HostProcess> processes = new ArrayList<>();

  private Hosts(int count, Path folder) {
    this.count = count;
    this.folder = folder;
  }

  /** Returns why there can be none here, or an empty text. */
  public static String obstacle() throws Exception {
    if (!System.getProperty("user.name").equals("root")) {
      return "hosts are network namespaces, which take root";
    }
    try {
      run("ip", "netns", "add", PREFIX + "try");
      run("ip", "netns", "del", PREFIX + "try");
      run("unshare", "-m", "-u", "true");
      run("nft", "--version");
      return "";
    } catch (IOException e) {
      return "no network namespaces: " + e.getMessage();
    }
  }

  /**
   * Skips a test, with one line that says why, where there can be no hosts or a program is missing.
   */
  static void assumeThere(String test, String... programs) throws Exception {
    String obstacle = obstacle();
    for (String program : programs) {
      if (obstacle.isEmpty() && !isThere(program)) {
        obstacle = "no such program: " + program;
      }
    }
    if (!obstacle.isEmpty()) {
      System.getLogger("tests").log(Level.WARNING, "skipped " + test + ", " + obstacle);
    }
    assumeTrue(obstacle.isEmpty(), obstacle);
  }

  private static boolean isThere(String program) {
    return Stream.of(System.getenv("PATH").split(File.pathSeparator, -1))
        .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
  }

  /** Makes hosts node0, node1 …, with the addresses that {@link #address} says. */
  static Hosts up(int count, Path folder) throws Exception {
    Hosts hosts = new Hosts(count, folder);
    try {
      run("ip", "netns", "add", SWITCH);
      run("ip", "-n", SWITCH, "link", "add", "br0", "type", "bridge");
      run("ip", "-n", SWITCH, "link", "set", "br0", "up");
      for (int host = 0; host < count; host++) {
        hosts.up(host);
      }
      return hosts;
    } catch (IOException | InterruptedException e) {
      hosts.close();
      throw e;
    }
  }

  static String address(int host) {
    return "10.77.0." + (10 + host);
  }

  private static String name(int host) {
    return PREFIX + host;
  }

  private void up(int host) throws Exception {
    String name = name(host);
    run("ip", "netns", "add", name);
    List<String> veth = new ArrayList<>(List.of("ip", "-n", name, "link", "add", "eth0"));
    veth.addAll(List.of("type", "veth", "peer", "name", "v" + host, "netns", SWITCH));
    run(veth.toArray(String[]::new));
    run("ip", "-n", SWITCH, "link", "set", "v" + host, "master", "br0", "up");
    run("ip", "-n", name, "link", "set", "lo", "up");
    link(host, "up");
    run("ip", "-n", name, "addr", "add", address(host) + "/24", "dev", "eth0");
    Files.writeString(folder.resolve("boot_id" + host), UUID.randomUUID() + "\n");
    StringBuilder names = new StringBuilder("127.0.0.1 localhost\n");
    for (int other = 0; other < count; other++) {
      // Debian's habit: a machine's own name is loopback to itself.
      String address = other == host ? "127.0.1.1" : address(other);
      names.append(address).append(" node").append(other).append('\n');
    }
    Files.writeString(folder.resolve("hosts" + host), names);
  }

  /** Connects a host with the switch, or cuts it off: {@code up} or {@code down}. */
  void link(int host, String state) throws Exception {
    run("ip", "-n", name(host), "link", "set", "eth0", state);
  }

  /** Limits how fast other hosts' bytes come to a host. */
  void limit(int host, int megabits) throws Exception {
    List<String> command = new ArrayList<>(List.of("ip", "netns", "exec", SWITCH, "tc", "qdisc"));
    command.addAll(List.of("add", "dev", "v" + host, "root", "tbf", "rate", megabits + "mbit"));
    command.addAll(List.of("burst", "256kb", "latency", "50ms"));
    run(command.toArray(String[]::new));
  }

  /** Lets other hosts reach these TCP ports of a host alone, and drops the rest. */
  void openOnly(int host, String ports) throws Exception {
    String rules =
        """
        flush ruleset
        table inet f {
          chain i {
            type filter hook input priority 0;
            iif lo accept;
            ct state established,related accept;
            tcp dport { %s } accept;
            drop;
          }
        }
        """
            .formatted(ports);
    Path file = Files.writeString(folder.resolve("rules" + host), rules);
    run("ip", "netns", "exec", name(host), "nft", "-f", file.toString());
  }

  /** Sets from which ports a host chooses those that nobody asks for. */
  void chooseFrom(int host, int first, int last) throws Exception {
    String range = "net.ipv4.ip_local_port_range=" + first + " " + last;
    run("ip", "netns", "exec", name(host), "sysctl", "-q", "-w", range);
  }

  /**
   * Connects the hosts with a second network, which has the addresses that {@link #wireAddress}
   * says.
   *
   * @param program moves packets between devices called wire0, wire1 …; says when they are there
   */
  void wire(List<String> program) throws Exception {
    List<String> whole = new ArrayList<>(List.of("ip", "netns", "exec", SWITCH));
    whole.addAll(program);
    HostProcess wire = new HostProcess(whole, Map.of());
    processes.add(wire);
    wire.result("wire");
    for (int host = 0; host < count; host++) {
      run("ip", "-n", SWITCH, "link", "set", "wire" + host, "netns", name(host), "name", "eth1");
      run("ip", "-n", name(host), "link", "set", "eth1", "mtu", "9000", "up");
      run("ip", "-n", name(host), "addr", "add", wireAddress(host) + "/24", "dev", "eth1");
    }
  }

  static String wireAddress(int host) {
    return "10.78.0." + (10 + host);
  }

  /** Gives a host a folder of its own in this place, empty, instead of the one that all see. */
  void giveOwn(int host, Path place) throws IOException {
    Files.createDirectories(place);
    Files.createDirectories(folder.resolve("own" + host));
    mount(host, bind("own" + host, place));
  }

  /**
   * Lets a host mount something, instead of what it was to mount before.
   *
   * @param command that every process of the host begins with, as mounts are its own
   */
  void mount(int host, String command) {
    mounts.put(host, command);
  }

  /** Connects this machine itself, at an address of the hosts' network, by a device eth0. */
  void connectThisMachine(String address) throws Exception {
    run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "vthis", "netns", SWITCH);
    run("ip", "-n", SWITCH, "link", "set", "vthis", "master", "br0", "up");
    run("ip", "link", "set", "eth0", "up");
    run("ip", "addr", "add", address + "/24", "dev", "eth0");
  }

  /** Returns a program that runs its arguments on a host, as a launcher's remote shell does. */
  Path entrance(int host) throws IOException {
    List<String> steps = new ArrayList<>(List.of("hostname node" + host));
    steps.add(bind("hosts" + host, Path.of("/etc/hosts")));
    steps.add(bind("boot_id" + host, Path.of("/proc/sys/kernel/random/boot_id")));
    if (mounts.containsKey(host)) {
      steps.add(mounts.get(host));
    }
    String script =
        "#!/bin/sh\nexec ip netns exec %s unshare -m -u --propagation private sh -c '%s; exec \"$@\"' sh \"$@\"\n"
            .formatted(name(host), String.join("; ", steps));
    Path program = folder.resolve("on-node" + host);
    // In one step: a shell that is starting would read what is there so far, and do nothing.
    Path next = Files.writeString(folder.resolve("on-node" + host + ".next"), script);
    next.toFile().setExecutable(true);
    return Files.move(next, program, StandardCopyOption.ATOMIC_MOVE);
  }

  /** Returns a program that takes the place of ssh: the name of a host, then what to run there. */
  Path remoteShell() throws IOException {
    for (int host = 0; host < count; host++) {
      entrance(host);
    }
    String script =
        """
        #!/bin/sh
        while [ "${1#-}" != "$1" ]; do shift; done
        host=$1
        shift
        exec %s/on-$host sh -c "$*"
        """
            .formatted(folder);
    Path program = Files.writeString(folder.resolve("remote-shell"), script);
    program.toFile().setExecutable(true);
    return program;
  }

  private String bind(String from, Path place) {
    return "mount --bind " + folder.resolve(from) + " " + place;
  }

  /** Starts a command on a host. */
  HostProcess start(int host, Map<String, String> environment, List<String> command)
      throws IOException {
    List<String> whole = new ArrayList<>(List.of(entrance(host).toString()));
    whole.addAll(command);
    HostProcess process = new HostProcess(whole, environment);
    processes.add(process);
    return process;
  }

  static String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException(String.join(" ", command) + ": " + said.trim());
    }
    return said;
  }

  /** Ends whatever lives on a host: launchers leave processes behind when they are killed. */
  private static void killAll(String name) throws IOException, InterruptedException {
    for (String pid : run("ip", "netns", "pids", name).lines().toList()) {
      ProcessHandle.of(Long.parseLong(pid.trim())).ifPresent(ProcessHandle::destroyForcibly);
    }
  }

  @Override
  public void close() {
    for (HostProcess process : processes) {
      process.close();
    }
    for (int host = -1; host < count; host++) {
      try {
        killAll(host < 0 ? SWITCH : name(host));
        run("ip", "netns", "del", host < 0 ? SWITCH : name(host));
      } catch (IOException e) {
        // It has not been made.
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt(); // The others are deleted all the same.
      }
    }
  }
}
