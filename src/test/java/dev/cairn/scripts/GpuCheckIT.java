package dev.cairn.scripts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cairn.support.ShellRun;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * {@code benchmarks/gpu-check.sh} over the emulation: every line of it but the build, so that its
 * first run on hardware is not the first run of its code.
 */
@Tag("processes")
class GpuCheckIT {
  @Test
  void everyCheckPassesAndEveryFigureStandsBesideItsBound() throws Exception {
    assumeTrue(
        Boolean.getBoolean("cairn.gpu.check"),
        "GpuKitIT runs the same checks from the kit: mvn -P full verify");
    ShellRun run =
        ShellRun.of(
            ShellRun.CHECKOUT,
            Map.of("CAIRN_TEST_CLASSPATH", System.getProperty("java.class.path")),
            List.of("benchmarks/gpu-check.sh", "--emulated", GpuReport.PARAMETERS));
    assertEquals(0, run.exitCode(), run.out() + run.err());
    GpuReport.in(ShellRun.CHECKOUT.resolve("target/gpu-check")).checkIsWhole();
  }
}
