package dev.cairn.kernels;

import dev.cairn.device.Check;
import dev.cairn.device.DeviceException;
import dev.cairn.device.Emulation;
import dev.cairn.tensor.DType;
import java.nio.ByteBuffer;

/**
 * Runs {@link StagedCast} under the emulation: many times, and how often the bytes were wrong; or
 * with every call, or every piece of a stream's work, failing once.
 */
final class StagedCastProgram {
  private static final int ELEMENTS = 40_007;
  private static final int ROUNDS = 30;
  private static final int FAILURE = 719;

  private StagedCastProgram() {}

  public static void main(String[] arguments) {
    Emulation.load();
    switch (arguments[0]) {
      case "calls" -> everyCallFailsOnce();
      case "work" -> everyPieceOfWorkFailsOnce();
      default -> rounds(StagedCast.Mistake.valueOf(arguments[0]));
    }
  }

  private static void rounds(StagedCast.Mistake mistake) {
    StagedCast cast = new StagedCast(mistake);
    int wrong = 0;
    for (int round = 0; round < ROUNDS; round++) {
      ByteBuffer source = Casts.numbers(DType.F32, ELEMENTS, 0, round);
      wrong += cast.run(source, ELEMENTS).equals(expected(source)) ? 0 : 1;
    }
    Check.nothingIsLeft("after " + ROUNDS + " rounds");
    System.out.println("wrong=" + wrong);
    if (Emulation.isReplaced()) {
      Check.equal(0, wrong, "wrong rounds");
    }
  }

  private static ByteBuffer expected(ByteBuffer source) {
    ByteBuffer expected = Casts.direct(2 * ELEMENTS, 0);
    Kernels.best().cast(DType.F32, source, DType.BF16, expected, ELEMENTS, 0);
    return expected;
  }

  private static void everyCallFailsOnce() {
    StagedCast cast = new StagedCast(StagedCast.Mistake.NONE);
    ByteBuffer source = Casts.numbers(DType.F32, ELEMENTS, 0, 1);
    int nth = 1;
    while (true) {
      Emulation.failCall(nth, FAILURE);
      if (!fails(cast, source)) {
        break;
      }
      Check.equal(false, Emulation.failureIsPending(), "failure of call " + nth);
      Check.nothingIsLeft("after the failure of call " + nth);
      nth++;
    }
    Check.equal(true, Emulation.failureIsPending(), "failure of call " + nth);
    Emulation.failCall(0, 0);
    Check.equal(false, fails(cast, source), "a run after all the failures fails");
    System.out.println("failures=" + (nth - 1));
  }

  private static void everyPieceOfWorkFailsOnce() {
    StagedCast cast = new StagedCast(StagedCast.Mistake.NONE);
    ByteBuffer source = Casts.numbers(DType.F32, ELEMENTS, 0, 1);
    int nth = 1;
    while (true) {
      Emulation.failWork(nth, FAILURE);
      boolean failed = fails(cast, source);
      if (Emulation.failureIsPending()) {
        Check.equal(false, failed, "a run without a failure fails");
        break;
      }
      Check.equal(true, failed, "a failure goes unnoticed: work " + nth);
      Emulation.clearFault();
      Check.nothingIsLeft("after the failure of work " + nth);
      nth++;
    }
    System.out.println("failures=" + (nth - 1));
  }

  private static boolean fails(StagedCast cast, ByteBuffer source) {
    try {
      Check.equal(expected(source), cast.run(source, ELEMENTS), "bytes");
      return false;
    } catch (DeviceException e) {
      Check.equal(FAILURE, e.code(), "code of " + e);
      return true;
    }
  }
}
