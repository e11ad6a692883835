package dev.cairn.input;

import dev.cairn.tensor.CorruptFileException;
import java.nio.file.Path;

/**
 * An input that is turned away for what it is: what was found, why that does not work, and what to
 * type next. The page on the command line has them all in a table.
 */
public sealed interface Refusal permits InputRefusal, DeepSpeedRefusal {
  /**
   * What is said of it, in words.
   *
   * @param found what was found; in braces what is different each time
   * @param why why that does not work
   * @param next what to type next
   */
  record Text(String found, String why, String next) {}

  /** Returns what is said of it. */
  Text text();

  /**
   * Returns the message about one path.
   *
   * @param details what stands for the braces: a name, its value, and so on
   */
  default String message(Path path, String... details) {
    Text text = text();
    String message = text.found() + ": path={path}; " + text.why() + "; " + text.next();
    for (int i = 0; i < details.length; i += 2) {
      String value = details[i + 1].replaceAll("\\p{Cntrl}", "?");
      message = message.replace("{" + details[i] + "}", value);
    }
    return message.replace("{path}", path.toString());
  }

  /** Returns the refusal as an error, with {@link #message}. */
  default CorruptFileException of(Path path, String... details) {
    return new CorruptFileException(message(path, details));
  }
}
