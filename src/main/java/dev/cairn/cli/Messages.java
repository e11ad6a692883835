package dev.cairn.cli;

import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/** One line for a person out of a failure. */
final class Messages {
  private Messages() {}

  /** Returns what failed; the JDK's file exceptions, whose message is only a path, in words. */
  static String of(Throwable failure) {
    String message = failure.getMessage();
    if (failure instanceof FileSystemException file && file.getReason() == null) {
      return words(file) + ": " + message;
    }
    return message == null || message.isBlank() ? failure.getClass().getSimpleName() : message;
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
    return failure.getClass().getSimpleName();
  }
}
