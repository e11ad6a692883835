package dev.cairn.hosts;

import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A machine that QEMU emulates, with a kernel that is installed here and not running: it can do
 * what the running one cannot. It sees the files of this one, and keeps changes in memory.
 *
 * <p>Needs neither KVM nor privileges of its own; what runs in it is some ten times slower.
 */
final class VirtualMachine {
  private static final Path KERNELS = Path.of("/boot");
  private static final Path MODULES = Path.of("/lib/modules");
  private static final List<String> TO_BEGIN =
      List.of("virtio_pci", "9pnet_virtio", "9p", "overlay");
  private static final long DISK_BYTES = 1L << 30; // little of it is ever written

  private VirtualMachine() {}

  /** Returns the newest kernel that is installed with such a module. */
  static Optional<String> kernelWith(String module) throws IOException {
    if (!Files.isDirectory(MODULES)) {
      return Optional.empty();
    }
    try (Stream<Path> versions = Files.list(MODULES)) {
      return versions
          .filter(folder -> Files.exists(folder.resolve("kernel").resolve(module)))
          .map(folder -> folder.getFileName().toString())
          .filter(version -> Files.exists(KERNELS.resolve("vmlinuz-" + version)))
          .max(String::compareTo);
    }
  }

  /**
   * Starts a machine. It ends with its command, and has an empty disk {@code /dev/vda} of 1 GiB.
   *
   * @param folder where it may make files
   * @param modules that it loads
   */
  static HostProcess start(Path folder, String kernel, List<String> modules, List<String> command)
      throws Exception {
    Path begin = folder.resolve("begin.sh");
    Files.writeString(
        begin,
        """
        export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
        mount -t tmpfs tmpfs /run
        mkdir -p /run/netns /run/lock /dev/shm
        mount -t tmpfs tmpfs /dev/shm
        : > /etc/resolv.conf
        ip link set lo up
        hostname machine
        echo 3 > /proc/sys/kernel/printk
        modprobe -a %s
        %s
        echo o > /proc/sysrq-trigger
        sleep 60
        """
            .formatted(String.join(" ", modules), String.join(" ", command)));
    Path disk = folder.resolve("disk.image");
    try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "rw")) {
      file.setLength(DISK_BYTES);
    }
    List<String> qemu =
        new ArrayList<>(List.of("qemu-system-x86_64", "-accel", "tcg,thread=multi"));
    qemu.addAll(List.of("-cpu", "max", "-m", "4000", "-smp", "2", "-no-reboot", "-net", "none"));
    qemu.addAll(List.of("-display", "none", "-monitor", "none", "-serial", "stdio"));
    qemu.addAll(List.of("-kernel", KERNELS.resolve("vmlinuz-" + kernel).toString()));
    qemu.addAll(List.of("-initrd", initialFiles(folder, kernel).toString()));
    qemu.addAll(List.of("-append", "console=ttyS0 panic=-1 quiet mitigations=off begin=" + begin));
    qemu.add("-virtfs");
    qemu.add("local,path=/,mount_tag=files,security_model=none,readonly=on,multidevs=remap");
    qemu.add("-drive");
    qemu.add("file=" + disk + ",format=raw,if=virtio,cache=unsafe");
    return new HostProcess(qemu, Map.of());
  }

  /** Packs what the kernel needs before it has files: a shell, and modules to see them. */
  private static Path initialFiles(Path folder, String kernel) throws Exception {
    Path root = folder.resolve("initial");
    for (String place : List.of("bin", "modules", "proc", "sys", "dev", "below", "above")) {
      Files.createDirectories(root.resolve(place));
    }
    List<String> show = new ArrayList<>(List.of("modprobe", "-S", kernel, "--show-depends", "-a"));
    show.addAll(TO_BEGIN);
    List<String> names = new ArrayList<>();
    for (String line : Hosts.run(show.toArray(String[]::new)).lines().toList()) {
      Path module = Path.of(line.split(" ", -1)[1]);
      String name = module.getFileName().toString();
      Files.copy(module, root.resolve("modules/" + name), StandardCopyOption.REPLACE_EXISTING);
      names.add(name);
    }
    Files.write(root.resolve("modules/order"), names.stream().distinct().toList());
    Files.copy(Path.of("/bin/busybox"), root.resolve("bin/busybox"));
    for (String program : List.of("sh", "mount", "mkdir", "insmod", "switch_root", "sed")) {
      Files.createSymbolicLink(root.resolve("bin/" + program), Path.of("busybox"));
    }
    try (InputStream init = VirtualMachine.class.getResourceAsStream("/hosts/machine-init.sh")) {
      Files.copy(init, root.resolve("init"));
    }
    root.resolve("init").toFile().setExecutable(true);
    Path packed = folder.resolve("initial.cpio");
    String pack = "cd %s && find . | busybox cpio -o -H newc > %s".formatted(root, packed);
    Hosts.run("sh", "-c", pack);
    return packed;
  }
}
