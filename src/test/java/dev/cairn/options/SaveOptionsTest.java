package dev.cairn.options;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class SaveOptionsTest {
  @Test
  void saveTakesSixtyFourMebibytesOfAGpuUnlessToldOtherwise() {
    assertEquals(64L << 20, SaveOptions.defaults().deviceBytes());
  }

  @Test
  void lessDeviceMemoryThanTwoSlotsTakeIsRefused() {
    SaveOptions.Builder options = SaveOptions.builder();
    assertEquals(8192, options.deviceBytes(8192).build().deviceBytes());
    assertEquals(
        "too little device memory: deviceBytes=8191, expected at least 8192",
        assertThrows(IllegalArgumentException.class, options.deviceBytes(8191)::build)
            .getMessage());
  }
}
