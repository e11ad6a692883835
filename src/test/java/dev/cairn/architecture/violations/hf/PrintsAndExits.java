package dev.cairn.architecture.violations.hf;

import java.util.logging.Logger;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.pytorch.Tensor;
import picocli.CommandLine;

/** Prints, ends the process, logs past System.Logger and uses what only other packages may. */
public final class PrintsAndExits {
  /** Prints. */
  public static void print(String line) {
    System.out.println(line);
  }

  /** Ends the process. */
  public static void exit() {
    System.exit(1);
  }

  /** Returns a logger of the wrong kind. */
  public static Logger logger() {
    return Logger.getLogger("wrong");
  }

  /** Returns whether the argument parser, PyTorch or CUDA made the value. */
  public static boolean isParser(Object value) {
    return value instanceof CommandLine || value instanceof Tensor || value instanceof CUstream_st;
  }

  private PrintsAndExits() {}
}
