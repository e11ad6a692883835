package dev.cairn.cli.text;

import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;

/** One line for a person out of a failure. */
public final class Messages {
  private Messages() {}

  /** Returns what failed; the JDK's file exceptions, whose message is only a path, in words. */
  public static String of(Throwable failure) {
    return printable(text(failure));
  }

  private static String text(Throwable failure) {
    String message = failure.getMessage();
    if (failure instanceof FileSystemException file && file.getReason() == null) {
      return words(file) + ": " + message;
    }
    return message == null || message.isBlank() ? failure.getClass().getSimpleName() : message;
  }

  /** Returns text from a file so that it cannot steer the terminal it is shown on. */
  public static String printable(String text) {
    StringBuilder shown = new StringBuilder();
    text.codePoints()
        .forEach(
            point -> {
              if (Character.isISOControl(point) || Character.getType(point) == Character.FORMAT) {
                shown.append(String.format("\\u%04x", point));
              } else {
                shown.appendCodePoint(point);
              }
            });
    return shown.toString();
  }

  private static String words(FileSystemException failure) {
    if (failure instanceof NoSuchFileException) {
      return "no such file or folder";
    }
    if (failure instanceof FileAlreadyExistsException) {
      return "exists already";
    }
    if (failure instanceof AccessDeniedException) {
      return "permission denied";
    }
    if (failure instanceof NotDirectoryException) {
      return "not a folder";
    }
    return failure.getClass().getSimpleName();
  }
}
