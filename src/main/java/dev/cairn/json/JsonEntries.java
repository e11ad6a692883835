package dev.cairn.json;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A JSON text of the project's own of which single entries are looked up. Any thread.
 *
 * <p>A model needs a few entries of a thousand, so they are looked for in the text, in which each
 * begins a line, and parsed one by one: all of it would take longer than planning a save.
 */
public final class JsonEntries {
  private static final String INDENT = "\n ";

  private final String text;
  private final Map<String, Optional<Object>> known = new HashMap<>();

  /**
   * Keeps a text.
   *
   * @param text in which the keys of the outermost object have one space before them, those of the
   *     objects in it, its sections, two, and whatever is longer than a line ends with a bracket
   *     below its key
   */
  JsonEntries(String text) {
    this.text = text;
  }

  /**
   * {@return a text that lies beside a class}
   *
   * @param owner the class
   * @param name the file's
   */
  public static JsonEntries ofResource(Class<?> owner, String name) {
    try (InputStream stream = owner.getResourceAsStream(name)) {
      return new JsonEntries(new String(stream.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns the value of a key of the outermost object. */
  public synchronized Optional<Object> find(String key) {
    return known.computeIfAbsent(key, name -> parse(INDENT, key, 0, text.length()));
  }

  /** Returns the value of a key in one of the sections. */
  public synchronized Optional<Object> find(String section, String key) {
    return known.computeIfAbsent(section + "." + key, name -> parse(section, key));
  }

  private Optional<Object> parse(String section, String key) {
    int begin = text.indexOf(INDENT + "\"" + section + "\": {");
    int end = text.indexOf(INDENT + "}", begin);
    return begin < 0 ? Optional.empty() : parse(INDENT + " ", key, begin, end);
  }

  private Optional<Object> parse(String indent, String key, int begin, int end) {
    String start = indent + "\"" + key + "\": ";
    int found = text.indexOf(start, begin);
    if (found < 0 || found > end) {
      return Optional.empty();
    }
    String value = valueAt(found + start.length(), indent);
    try {
      return Optional.of(Json.parse(value.getBytes(StandardCharsets.UTF_8)));
    } catch (IOException e) {
      throw new UncheckedIOException("the text has another layout: key=" + key, e);
    }
  }

  /** Returns the text from a place to the end of a line, or to the bracket below the key. */
  private String valueAt(int from, String indent) {
    int to = text.indexOf('\n', from);
    if (text.startsWith("[\n", from) || text.startsWith("{\n", from)) {
      String bracket = text.charAt(from) == '[' ? "]" : "}";
      to = text.indexOf(indent + bracket, from) + indent.length() + 1;
    }
    boolean isFollowed = text.charAt(to - 1) == ',';
    return text.substring(from, isFollowed ? to - 1 : to);
  }
}
