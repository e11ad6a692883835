package dev.cairn.hosts;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * Hosts on this machine, as far as ranks can tell: each has a network of its own, its own name,
 * boot id and hosts file, on one switch. Needs root.
 */
public final class Hosts implements AutoCloseable {
  private static final String PREFIX = "cairn" + ProcessHandle.current().pid() + "x";
  private static final String SWITCH = PREFIX + "sw";

  private final int count;
  private final Path folder;
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

  /** Starts a command on a host. */
  HostProcess start(int host, Map<String, String> environment, List<String> command)
      throws IOException {
    String set =
        "hostname node%d; mount --bind %s /etc/hosts; mount --bind %s /proc/sys/kernel/random/boot_id; exec \"$@\""
            .formatted(host, folder.resolve("hosts" + host), folder.resolve("boot_id" + host));
    List<String> whole = new ArrayList<>(List.of("ip", "netns", "exec", name(host)));
    whole.addAll(List.of("unshare", "-m", "-u", "--propagation", "private", "sh", "-c", set, "sh"));
    whole.addAll(command);
    HostProcess process = new HostProcess(whole, environment);
    processes.add(process);
    return process;
  }

  private static void run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException(String.join(" ", command) + ": " + said.trim());
    }
  }

  @Override
  public void close() {
    for (HostProcess process : processes) {
      process.close();
    }
    for (int host = -1; host < count; host++) {
      try {
        run("ip", "netns", "del", host < 0 ? SWITCH : name(host));
      } catch (IOException e) {
        // It has not been made.
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt(); // The others are deleted all the same.
      }
    }
  }
}
