package dev.cairn.torchfile;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a pickle builds beyond null, Boolean, Long, BigInteger, Double and String.
 *
 * <p>Equality is identity everywhere: one value may be shared by many others, so nothing here may
 * walk into its parts by itself. Consumers look only where they know the structure.
 */
public sealed interface PickleValue {
  /** Returns the count of levels below and with this one, as far as known when it was built. */
  int depth();

  /** Returns the depth of any value: 0 for scalars. */
  static int depthOf(Object value) {
    return value instanceof PickleValue container ? container.depth() : 0;
  }

  /** A list or a tuple. */
  final class Sequence implements PickleValue {
    private final ArrayList<Object> elements;
    private int depth = 1;

    Sequence(int capacity) {
      this.elements = new ArrayList<>(capacity);
    }

    void add(Object element) {
      elements.add(element);
      depth = Math.max(depth, 1 + depthOf(element));
    }

    public int size() {
      return elements.size();
    }

    public Object get(int index) {
      return elements.get(index);
    }

    public List<Object> elements() {
      return elements;
    }

    @Override
    public int depth() {
      return depth;
    }
  }

  /** A dict or an OrderedDict, in insertion order; a later value for a key replaces the first. */
  final class Dictionary implements PickleValue {
    private Map<Object, Object> entries = Map.of();
    private int depth = 1;

    void put(Object key, Object value) {
      if (entries.isEmpty()) {
        entries = new LinkedHashMap<>(4);
      }
      entries.put(key, value);
      depth = Math.max(depth, 1 + Math.max(depthOf(key), depthOf(value)));
    }

    public Object get(String key) {
      return entries.get(key);
    }

    public boolean contains(String key) {
      return entries.containsKey(key);
    }

    public Map<Object, Object> entries() {
      return entries;
    }

    @Override
    public int depth() {
      return depth;
    }
  }

  /** A class or function that the pickle names. Never looked up, never called. */
  record Global(String module, String name, long position) implements PickleValue {
    String fullName() {
      return module + "." + name;
    }

    boolean is(String otherModule, String otherName) {
      return module.equals(otherModule) && name.equals(otherName);
    }

    @Override
    public int depth() {
      return 0;
    }

    @Override
    public boolean equals(Object other) {
      return this == other;
    }

    @Override
    public int hashCode() {
      return System.identityHashCode(this);
    }
  }

  /** What a call of a global would have made: its name and arguments, inert. */
  final class Inert implements PickleValue {
    private final Global global;
    private final Object arguments;
    private Object state;
    private int depth;

    Inert(Global global, Object arguments) {
      this.global = global;
      this.arguments = arguments;
      this.depth = 1 + depthOf(arguments);
    }

    Global global() {
      return global;
    }

    /** Returns argument {@code index}, or null where there is no such one. */
    public Object argument(int index) {
      return arguments instanceof Sequence list && index < list.size() ? list.get(index) : null;
    }

    /** Returns whether it is what a class or function of that name would have made. */
    public boolean isOf(String module, String name) {
      return global.is(module, name);
    }

    /** Returns what would have been its state, its attributes by name as a rule; null for none. */
    public Object state() {
      return state;
    }

    /** Takes the state; a pickle gives it after the object is made. */
    void setState(Object given) {
      state = given;
      depth = Math.max(depth, 1 + depthOf(given));
    }

    int arguments() {
      return arguments instanceof Sequence list ? list.size() : 0;
    }

    @Override
    public int depth() {
      return depth;
    }
  }

  /**
   * Bytes, or a text or number too long to be anything a checkpoint needs: passed over, not held.
   */
  record Skipped(long lengthBytes) implements PickleValue {
    @Override
    public int depth() {
      return 0;
    }

    @Override
    public boolean equals(Object other) {
      return this == other;
    }

    @Override
    public int hashCode() {
      return System.identityHashCode(this);
    }
  }

  /** A storage that tensors refer to: zip entry {@code data/<key>}. */
  final class Storage implements PickleValue {
    private final Global type;
    private final String key;
    private final long elements;

    Storage(Global type, String key, long elements) {
      this.type = type;
      this.key = key;
      this.elements = elements;
    }

    Global type() {
      return type;
    }

    String key() {
      return key;
    }

    long elements() {
      return elements;
    }

    @Override
    public int depth() {
      return 0;
    }
  }
}
