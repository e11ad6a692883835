package dev.cairn.torchfile;

import dev.cairn.input.Links;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.torchfile.PickleValue.Dictionary;
import dev.cairn.torchfile.PickleValue.Global;
import dev.cairn.torchfile.PickleValue.Inert;
import dev.cairn.torchfile.PickleValue.Sequence;
import dev.cairn.torchfile.PickleValue.Storage;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * Reads a pickle as data: an opcode loop that builds plain values and calls nothing.
 *
 * <p>Protocol 2 as torch writes it, and what Python's picklers write in protocols 3 to 5. A global
 * is only a name here. The one call that makes something is {@code collections.OrderedDict()}; any
 * other becomes an {@link Inert} description, which {@link TorchTensors} understands if the name is
 * on its list and which otherwise just lies there.
 *
 * <p>Time is linear in the pickle's length; memory is bounded by {@link PickleStack}.
 *
 * @see <a href="https://github.com/python/cpython/blob/main/Lib/pickletools.py">pickletools.py</a>
 */
public final class PickleReader {
  private static final int DICTIONARY_BYTES = 24;
  private static final int MAP_BYTES = 56;
  private static final int OBJECT_BYTES = 32;

  private final ByteInput input;
  private final PickleStack stack;
  private final PickleScalars scalars;
  private final Map<String, Storage> storages;
  private long opcodePosition;

  private PickleReader(ByteInput input, Map<String, Storage> storages) {
    this.input = input;
    this.storages = storages;
    this.stack = new PickleStack(input);
    this.scalars = new PickleScalars(input, stack);
  }

  /**
   * Returns the value that a file describes which is one pickle.
   *
   * @throws CorruptFileException if it is longer than a pickle may be, or no pickle
   */
  public static Object read(Path file) throws IOException {
    Links.requireReadable(file);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      if (channel.size() > TorchFile.MAX_PICKLE_BYTES) {
        throw new CorruptFileException(
            "pickle too long: lengthBytes="
                + channel.size()
                + ", expected at most "
                + TorchFile.MAX_PICKLE_BYTES
                + ", file="
                + file);
      }
      return read(new ByteInput(Region.whole(channel), file, "pickle", 0, channel.size()));
    }
  }

  /**
   * Returns the value that the pickle describes.
   *
   * @throws CorruptFileException if it is malformed, goes on after its end, or exceeds a limit
   */
  static Object read(ByteInput input) throws IOException {
    Object value = readNext(input, new HashMap<>());
    if (input.remaining() != 0) {
      throw input.corrupt("pickle goes on after its end: extraBytes=" + input.remaining());
    }
    return value;
  }

  /**
   * Returns the value that the pickle describes which begins here; another may follow.
   *
   * @param storages takes every storage that is referred to, by its key
   * @throws CorruptFileException if it is malformed or exceeds a limit
   */
  static Object readNext(ByteInput input, Map<String, Storage> storages) throws IOException {
    return new PickleReader(input, storages).run();
  }

  private Object run() throws IOException {
    while (true) {
      opcodePosition = input.position();
      int opcode = input.readByte();
      if (opcode == '.') {
        return stack.pop();
      }
      if (!scalars.read(opcode) && !container(opcode) && !memo(opcode) && !object(opcode)) {
        throw input.corrupt(
            String.format(Locale.ROOT, "pickle opcode not supported: opcode=0x%02x", opcode),
            opcodePosition);
      }
    }
  }

  private boolean container(int opcode) throws IOException {
    switch (opcode) {
      case '(' -> stack.mark();
      case '0' -> stack.pop();
      case '1' -> stack.popToMark();
      case '2' -> stack.push(stack.peek());
      case ')', ']' -> stack.push(stack.sequence(0));
      case 't', 'l' -> stack.push(stack.popToMark());
      case 0x85 -> stack.push(stack.popTuple(1));
      case 0x86 -> stack.push(stack.popTuple(2));
      case 0x87 -> stack.push(stack.popTuple(3));
      case '}' -> pushDictionary();
      case 'd' -> {
        Sequence items = stack.popToMark();
        pushDictionary();
        setItems(items);
      }
      case 'a' -> append(stack.popTuple(1));
      case 'e', 0x90 -> append(stack.popToMark());
      case 's' -> setItems(stack.popTuple(2));
      case 'u' -> setItems(stack.popToMark());
      case 0x8F -> pushInert(new Global("builtins", "set", opcodePosition), stack.sequence(0));
      case 0x91 ->
          pushInert(new Global("builtins", "frozenset", opcodePosition), stack.popToMark());
      default -> {
        return false;
      }
    }
    return true;
  }

  private void pushDictionary() throws CorruptFileException {
    stack.charge(DICTIONARY_BYTES);
    stack.push(new Dictionary());
  }

  private void append(Sequence items) throws CorruptFileException {
    Object target = stack.pop();
    if (target instanceof Sequence list) {
      stack.charge(8L * items.size());
      for (Object item : items.elements()) {
        list.add(item);
      }
    } else if (!(target instanceof Inert)) {
      throw input.corrupt("pickle appends to what is no list", opcodePosition);
    }
    stack.push(target);
  }

  private void setItems(Sequence items) throws CorruptFileException {
    Object target = stack.pop();
    if (items.size() % 2 != 0) {
      throw input.corrupt("pickle sets a key without a value", opcodePosition);
    }
    if (target instanceof Dictionary dictionary) {
      stack.charge((dictionary.entries().isEmpty() ? MAP_BYTES : 0) + 24L * items.size());
      for (int i = 0; i < items.size(); i += 2) {
        dictionary.put(items.get(i), items.get(i + 1));
      }
    } else if (!(target instanceof Inert)) {
      throw input.corrupt("pickle sets items of what is no dict", opcodePosition);
    }
    stack.push(target);
  }

  private boolean memo(int opcode) throws IOException {
    switch (opcode) {
      case 'q' -> stack.put(input.readByte());
      case 'r' -> stack.put(input.readUnsignedInt());
      case 0x94 -> stack.put(stack.memoCount());
      case 'h' -> stack.push(stack.get(input.readByte()));
      case 'j' -> stack.push(stack.get(input.readUnsignedInt()));
      default -> {
        return false;
      }
    }
    return true;
  }

  private boolean object(int opcode) throws IOException {
    switch (opcode) {
      case 'c' -> pushGlobal(scalars.readLine(), scalars.readLine());
      case 0x93 -> {
        Object name = stack.pop();
        Object module = stack.pop();
        if (!(name instanceof String nameText) || !(module instanceof String moduleText)) {
          throw input.corrupt("pickle global has no name", opcodePosition);
        }
        pushGlobal(moduleText, nameText);
      }
      case 'R', 0x81 -> {
        Object arguments = stack.pop();
        call(stack.pop(), arguments);
      }
      case 0x92 -> {
        stack.pop(); // keyword arguments: nothing that is needed is made with them
        Object arguments = stack.pop();
        call(stack.pop(), arguments);
      }
      case 'b' -> {
        Object state =
            stack.pop(); // of what is no object here, OrderedDict's _metadata, none is kept
        Object made = stack.pop();
        if (made instanceof Inert object) {
          object.setState(state);
        }
        stack.push(made);
      }
      case 'Q' -> pushStorage(stack.pop());
      default -> {
        return false;
      }
    }
    return true;
  }

  private void pushGlobal(String module, String name) throws CorruptFileException {
    stack.charge(OBJECT_BYTES);
    stack.push(new Global(module, name, opcodePosition));
  }

  private void call(Object callable, Object arguments) throws CorruptFileException {
    Global global;
    if (callable instanceof Global named) {
      global = named;
    } else if (callable instanceof Inert made) {
      global = made.global(); // a call of what a call made, functools.partial for example
    } else {
      throw input.corrupt("pickle calls what is no global", opcodePosition);
    }
    boolean empty = arguments instanceof Sequence list && list.size() == 0;
    if (empty && callable == global && global.is("collections", "OrderedDict")) {
      pushDictionary();
    } else {
      pushInert(global, arguments);
    }
  }

  private void pushInert(Global global, Object arguments) throws CorruptFileException {
    stack.charge(OBJECT_BYTES);
    stack.push(new Inert(global, arguments));
  }

  private void pushStorage(Object id) throws CorruptFileException {
    if (id instanceof Sequence list
        && (list.size() == 5 || (list.size() == 6 && list.get(5) == null)) // no view of another
        && "storage".equals(list.get(0))
        && list.get(1) instanceof Global type
        && list.get(2) instanceof String key
        && list.get(4) instanceof Long elements) {
      stack.charge(2 * OBJECT_BYTES);
      Storage storage = new Storage(type, key, elements);
      storages.putIfAbsent(key, storage);
      stack.push(storage);
    } else {
      throw input.corrupt("pickle has a persistent id that is no storage", opcodePosition);
    }
  }
}
