package dev.cairn.meter;

import dev.cairn.options.SaveReport;
import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/**
 * Work of a save that was done at once, as the Flight Recorder keeps it.
 *
 * <p>No method here may bring two of these classes together in one variable: a recorder that runs
 * when they are loaded rewrites this code, asks for their common class by loading both again, and
 * the JVM refuses that.
 */
@Category("Cairn")
@StackTrace(false)
abstract class SaveEvent extends Event {
  @Label("Rank")
  int rank;

  @Label("File")
  String file;

  @Label("Bytes")
  @DataAmount
  long bytes;

  /** What {@link SaveReport} adds up; the event's own duration comes from another clock. */
  @Label("Nanoseconds")
  @Timespan(Timespan.NANOSECONDS)
  long nanos;

  @Name("dev.cairn.Plan")
  @Label("Plan")
  static final class Plan extends SaveEvent {}

  @Name("dev.cairn.Cast")
  @Label("Cast")
  static final class Cast extends SaveEvent {}

  @Name("dev.cairn.Send")
  @Label("Send")
  static final class Send extends SaveEvent {}

  @Name("dev.cairn.Receive")
  @Label("Receive")
  static final class Receive extends SaveEvent {}

  @Name("dev.cairn.Write")
  @Label("Write")
  static final class Write extends SaveEvent {}

  @Name("dev.cairn.Force")
  @Label("Force")
  static final class Force extends SaveEvent {}

  @Name("dev.cairn.Commit")
  @Label("Commit")
  static final class Commit extends SaveEvent {}
}
