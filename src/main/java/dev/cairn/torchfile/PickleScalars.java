package dev.cairn.torchfile;

import dev.cairn.tensor.CorruptFileException;
import dev.cairn.torchfile.PickleValue.Skipped;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** The opcodes of a pickle that push numbers and strings. */
final class PickleScalars {
  private static final int MAX_PROTOCOL = 5;

  /** A longer string is no name that a checkpoint needs: it is skipped, not held. */
  private static final int MAX_TEXT_BYTES = 1 << 16;

  private static final int MAX_NUMBER_BYTES = 1024;
  private static final int MAX_LINE_BYTES = 4096;
  private static final int STRING_BYTES = 40;
  private static final int NUMBER_BYTES = 16;

  private final ByteInput input;
  private final PickleStack stack;

  PickleScalars(ByteInput input, PickleStack stack) {
    this.input = input;
    this.stack = stack;
  }

  /** Does {@code opcode} if it is one of these; returns whether it was. */
  boolean read(int opcode) throws IOException {
    switch (opcode) {
      case 'N' -> stack.push(null);
      case 0x88 -> stack.push(true);
      case 0x89 -> stack.push(false);
      case 'K' -> pushLong(input.readByte());
      case 'M' -> pushLong(input.readUnsignedShort());
      case 'J' -> pushLong(input.readInt());
      case 0x8A -> pushInteger(input.readByte());
      case 0x8B -> pushInteger(input.readInt());
      case 'G' -> pushDouble(Long.reverseBytes(input.readLong()));
      default -> {
        return readText(opcode);
      }
    }
    return true;
  }

  private boolean readText(int opcode) throws IOException {
    switch (opcode) {
      case 'X' -> pushText(input.readUnsignedInt());
      case 0x8C -> pushText(input.readByte());
      case 0x8D -> pushText(input.readLong());
      case 'B', 'T' -> pushSkipped(input.readUnsignedInt());
      case 'C', 'U' -> pushSkipped(input.readByte());
      case 0x8E, 0x96 -> pushSkipped(input.readLong());
      case 0x80 -> checkProtocol(input.readByte());
      case 0x95 -> checkFrame(input.readLong());
      default -> {
        return false;
      }
    }
    return true;
  }

  private void checkProtocol(int protocol) throws CorruptFileException {
    if (protocol > MAX_PROTOCOL) {
      throw input.corrupt(
          "pickle protocol not supported: protocol=" + protocol + ", expected 2 to 5");
    }
  }

  /** A frame is only a promise of how much can be read at once. */
  private void checkFrame(long lengthBytes) throws CorruptFileException {
    if (lengthBytes < 0 || lengthBytes > input.remaining()) {
      throw input.corrupt(
          "pickle frame is longer than the pickle: lengthBytes="
              + lengthBytes
              + ", expected at most "
              + input.remaining());
    }
  }

  private void pushLong(long value) throws CorruptFileException {
    stack.charge(NUMBER_BYTES);
    stack.push(value);
  }

  private void pushDouble(long bits) throws CorruptFileException {
    stack.charge(NUMBER_BYTES);
    stack.push(Double.longBitsToDouble(bits));
  }

  private void pushInteger(long lengthBytes) throws IOException {
    if (lengthBytes > MAX_NUMBER_BYTES) {
      pushSkipped(lengthBytes);
      return;
    }
    byte[] little = input.readBytes((int) Math.max(lengthBytes, -1));
    byte[] big = new byte[little.length + 1];
    for (int i = 0; i < little.length; i++) {
      big[little.length - i] = little[i];
    }
    big[0] = (byte) (little.length > 0 && little[little.length - 1] < 0 ? -1 : 0);
    BigInteger value = new BigInteger(big);
    if (value.bitLength() < Long.SIZE) {
      pushLong(value.longValue());
    } else {
      stack.charge(2L * NUMBER_BYTES + lengthBytes);
      stack.push(value);
    }
  }

  private void pushText(long lengthBytes) throws IOException {
    if (lengthBytes > MAX_TEXT_BYTES) {
      pushSkipped(lengthBytes);
      return;
    }
    byte[] utf8 = input.readBytes((int) Math.max(lengthBytes, -1));
    stack.charge(STRING_BYTES + lengthBytes);
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(utf8)).toString();
      stack.charge(text.length() < utf8.length ? text.length() : 0);
      stack.push(text);
    } catch (CharacterCodingException e) {
      // Python may write lone surrogates. Such text cannot be a name in a file, but may lie beside.
      stack.push(new Skipped(lengthBytes));
    }
  }

  private void pushSkipped(long lengthBytes) throws IOException {
    input.skip(lengthBytes);
    stack.charge(NUMBER_BYTES);
    stack.push(new Skipped(lengthBytes));
  }

  /** Reads the text up to the next line feed: one half of a global's name. */
  String readLine() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream(32);
    for (int next = input.readByte(); next != '\n'; next = input.readByte()) {
      if (line.size() == MAX_LINE_BYTES) {
        throw input.corrupt("pickle global name too long: limit=" + MAX_LINE_BYTES + " bytes");
      }
      line.write(next);
    }
    stack.charge(STRING_BYTES + 2L * line.size());
    return line.toString(StandardCharsets.UTF_8);
  }
}
