package dev.cairn.gate;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class JniWarningsTest {
  private static final List<String> LOG =
      List.of(
          "<tty_done/>",
          "WARNING in native method: JNI call made without checking exceptions when required to"
              + " from CallVoidMethodV",
          "\tat org.bytedeco.javacpp.Loader.load(Native Method)",
          "\tat dev.cairn.kernels.NativeLibrary.load(NativeLibrary.java:3)",
          "WARNING in native method: Released a scalar with a bad pointer",
          "\tat dev.cairn.kernels.jni.CpuKernels.cast(Native Method)");

  @Test
  void warningIsJudgedByTheFrameRightBelowIt() {
    List<JniWarnings.Warning> unknown = JniWarnings.in(LOG).unknown(List.of("org.bytedeco."));
    assertEquals(1, unknown.size());
    assertEquals("dev.cairn.kernels.jni.CpuKernels.cast(Native Method)", unknown.get(0).frame());
  }

  @Test
  void linesOfOtherThreadsInBetweenAreNotTakenForTheFrame() {
    List<String> log =
        List.of(
            "<writer thread='7'/>",
            "WARNING in native method: one",
            "<writer thread='8'/>",
            "\tat dev.cairn.Later.frame(Later.java:1)",
            "<writer thread='7'/>",
            "\tat org.bytedeco.Right.frame(Native Method)");
    assertEquals(List.of(), JniWarnings.in(log).unknown(List.of("org.bytedeco.Right.frame")));
  }

  @Test
  void nothingIsKnownWithoutAList() {
    assertEquals(2, JniWarnings.in(LOG).unknown(List.of()).size());
  }
}
