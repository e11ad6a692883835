package dev.cairn.torchfile;

import dev.cairn.tensor.CorruptFileException;
import dev.cairn.torchfile.PickleValue.Sequence;
import java.util.Arrays;

/**
 * The stack and the memo of a pickle machine, with the limits that keep a hostile pickle small.
 *
 * <p>Every value made is charged its bytes on the heap, so memory is bounded whatever the pickle
 * says; every opcode does work in proportion to what earlier opcodes pushed, so time is linear in
 * its length. One thread.
 */
final class PickleStack {
  /** Bytes of values that one pickle may make: 50 000 frozen parameters of ZeRO-3 take 88 MB. */
  static final long MAX_VALUE_BYTES = 128L << 20;

  /** Values on the stack at a time; torch writes containers in batches of 1000. */
  static final int MAX_HEIGHT = 1 << 20;

  /** Marks that are open at a time, and levels of nesting; Python itself gives up near 1000. */
  static final int MAX_DEPTH = 1000;

  private final ByteInput input;
  private Object[] stack = new Object[256];
  private int height;
  private int[] marks = new int[16];
  private int markCount;
  private Object[] memo = new Object[256];
  private int memoCount;
  private long valueBytes;

  PickleStack(ByteInput input) {
    this.input = input;
  }

  void charge(long bytes) throws CorruptFileException {
    valueBytes += bytes;
    if (valueBytes > MAX_VALUE_BYTES) {
      throw input.corrupt("pickle builds too much: limit=" + MAX_VALUE_BYTES + " bytes");
    }
  }

  void push(Object value) throws CorruptFileException {
    if (height == MAX_HEIGHT) {
      throw input.corrupt("pickle stack too high: limit=" + MAX_HEIGHT + " values");
    }
    if (PickleValue.depthOf(value) > MAX_DEPTH) {
      throw input.corrupt("pickle nested too deep: limit=" + MAX_DEPTH + " levels");
    }
    if (height == stack.length) {
      stack = Arrays.copyOf(stack, 2 * height);
    }
    stack[height++] = value;
  }

  Object pop() throws CorruptFileException {
    Object top = peek();
    height--;
    stack[height] = null;
    return top;
  }

  Object peek() throws CorruptFileException {
    if (height == floor()) {
      throw input.corrupt("pickle takes a value from an empty stack");
    }
    return stack[height - 1];
  }

  private int floor() {
    return markCount == 0 ? 0 : marks[markCount - 1];
  }

  void mark() throws CorruptFileException {
    if (markCount == MAX_DEPTH) {
      throw input.corrupt("pickle nested too deep: limit=" + MAX_DEPTH + " marks");
    }
    if (markCount == marks.length) {
      marks = Arrays.copyOf(marks, 2 * markCount);
    }
    marks[markCount++] = height;
  }

  /** Takes everything above the last mark, and the mark. */
  Sequence popToMark() throws CorruptFileException {
    if (markCount == 0) {
      throw input.corrupt("pickle has no mark to go back to");
    }
    int bottom = marks[--markCount];
    Sequence values = sequence(height - bottom);
    for (int i = bottom; i < height; i++) {
      values.add(stack[i]);
      stack[i] = null;
    }
    height = bottom;
    return values;
  }

  /** Takes the top {@code count} values as a tuple. */
  Sequence popTuple(int count) throws CorruptFileException {
    if (height - floor() < count) {
      throw input.corrupt("pickle takes a value from an empty stack");
    }
    Sequence values = sequence(count);
    for (int i = height - count; i < height; i++) {
      values.add(stack[i]);
      stack[i] = null;
    }
    height -= count;
    return values;
  }

  Sequence sequence(int capacity) throws CorruptFileException {
    charge(64 + 4L * capacity);
    return new Sequence(capacity);
  }

  boolean isSingle() {
    return height == 1 && markCount == 0;
  }

  /** Remembers the top under {@code index}; writers number from 0 without holes. */
  void put(long index) throws CorruptFileException {
    if (index < 0 || index > memoCount) {
      throw input.corrupt(
          "pickle memo index out of order: index=" + index + ", expected at most " + memoCount);
    }
    if (index == memoCount) {
      charge(8);
      if (memoCount == memo.length) {
        memo = Arrays.copyOf(memo, 2 * memoCount);
      }
      memoCount++;
    }
    memo[(int) index] = peek();
  }

  int memoCount() {
    return memoCount;
  }

  Object get(long index) throws CorruptFileException {
    if (index < 0 || index >= memoCount) {
      throw input.corrupt(
          "pickle memo index unknown: index=" + index + ", expected less than " + memoCount);
    }
    return memo[(int) index];
  }
}
