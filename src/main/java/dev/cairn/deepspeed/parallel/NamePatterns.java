package dev.cairn.deepspeed.parallel;

import dev.cairn.input.Printable;
import dev.cairn.tensor.CorruptFileException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Regular expressions that a checkpoint has for names of parameters, which have to match from a
 * name's start, as Python's {@code re.match} does.
 *
 * <p>They come with the checkpoint, and an expression can be made to take for ever: all of them
 * together may look at {@link #MAX_STEPS} characters. One thread.
 */
final class NamePatterns {
  private static final long MAX_STEPS = 50_000_000;
  private static final int MAX_PATTERN_LENGTH = 2000;

  /** What AutoTP writes: a whole name with its dots escaped. Found without an expression. */
  private static final Pattern LITERAL = Pattern.compile("\\^(?:[\\w/:-]|\\\\[.\\-])*+\\$");

  private final Set<String> literals = new HashSet<>();
  private final List<Pattern> patterns = new ArrayList<>();
  private final String where;
  private long steps;

  /**
   * Compiles expressions.
   *
   * @param where they were found, for messages
   * @throws CorruptFileException if one is none
   */
  NamePatterns(List<String> expressions, String where) throws CorruptFileException {
    this.where = where;
    for (String expression : expressions) {
      if (LITERAL.matcher(expression).matches()) {
        literals.add(expression.substring(1, expression.length() - 1).replace("\\", ""));
        continue;
      }
      if (expression.length() > MAX_PATTERN_LENGTH) {
        throw bad(expression.substring(0, 100), "longer than " + MAX_PATTERN_LENGTH, null);
      }
      try {
        patterns.add(Pattern.compile(expression));
      } catch (PatternSyntaxException | StackOverflowError e) {
        throw bad(expression, "no regular expression", e);
      }
    }
  }

  private CorruptFileException bad(String expression, String problem, Throwable cause) {
    return new CorruptFileException(
        "pattern of names not understood: pattern="
            + Printable.of(expression)
            + ", it is "
            + problem
            + ", "
            + where,
        cause);
  }

  /** Returns whether one of them matches. */
  boolean match(String name) throws CorruptFileException {
    if (literals.contains(name)) {
      return true;
    }
    for (Pattern pattern : patterns) {
      try {
        if (pattern.matcher(new Counted(name)).lookingAt()) {
          return true;
        }
      } catch (TooLong | StackOverflowError e) {
        throw bad(pattern.pattern(), "too much work for these names", e);
      }
    }
    return false;
  }

  /** Ends a match that takes too long. */
  private static final class TooLong extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  /** A name that counts how often its characters are looked at. */
  private final class Counted implements CharSequence {
    private final String text;

    Counted(String text) {
      this.text = text;
    }

    @Override
    public char charAt(int index) {
      if (++steps > MAX_STEPS) {
        throw new TooLong();
      }
      return text.charAt(index);
    }

    @Override
    public int length() {
      return text.length();
    }

    @Override
    public CharSequence subSequence(int begin, int end) {
      return text.subSequence(begin, end);
    }

    @Override
    public String toString() {
      return text;
    }
  }
}
