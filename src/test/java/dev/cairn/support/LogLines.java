package dev.cairn.support;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;

/** What a class logs from now on until this is closed. */
public final class LogLines extends Handler implements AutoCloseable {
  private final Logger logger; // kept, or the handler would go with it
  private final List<String> lines = new CopyOnWriteArrayList<>();

  private LogLines(Logger logger) {
    this.logger = logger;
  }

  /** Begins to listen to a class of this name. */
  public static LogLines of(String className) {
    LogLines lines = new LogLines(Logger.getLogger(className));
    lines.logger.addHandler(lines);
    return lines;
  }

  /** Returns the messages so far. */
  public List<String> all() {
    return List.copyOf(lines);
  }

  @Override
  public void publish(LogRecord message) {
    lines.add(new SimpleFormatter().formatMessage(message));
  }

  @Override
  public void flush() {
    // nothing is held back
  }

  @Override
  public void close() {
    logger.removeHandler(this);
  }
}
