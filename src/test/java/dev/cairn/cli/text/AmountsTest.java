package dev.cairn.cli.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AmountsTest {
  @ParameterizedTest
  @CsvSource({
    "4096, 4096",
    "200K, 200000",
    "124M, 124000000",
    "124m, 124000000",
    "1.5B, 1500000000",
    "0.25B, 250000000",
    "1T, 1000000000000"
  })
  void countIsDecimal(String text, long count) {
    assertEquals(count, Amounts.parseCount(text));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "0", "-1", "M", "12G", "1e6", "0.0001K", "10000000000B", "1 M"})
  void whatIsNoCountIsRefused(String text) {
    IllegalArgumentException refusal =
        assertThrows(IllegalArgumentException.class, () -> Amounts.parseCount(text));
    assertEquals(
        "not a count: value=" + text + ", expected a number like 124M, 1.5B or 4096",
        refusal.getMessage());
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0 B",
    "999, 999 B",
    "1000, 1.00 KB",
    "9994, 9.99 KB",
    "9996, 10.0 KB",
    "245396480, 245 MB",
    "999500000, 1.00 GB"
  })
  void bytesHaveThreeDigits(long bytes, String text) {
    assertEquals(text, Amounts.bytes(bytes));
  }

  @Test
  void largestCountOfBytesHasAUnit() {
    assertEquals("9.22 EB", Amounts.bytes(Long.MAX_VALUE));
  }
}
