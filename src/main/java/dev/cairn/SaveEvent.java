package dev.cairn;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/** One piece of a save's work, as the Flight Recorder keeps it. */
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

  static SaveEvent of(SaveWork work) {
    return switch (work) {
      case PLAN -> new Plan();
      case CAST -> new Cast();
      case SEND -> new Send();
      case RECEIVE -> new Receive();
      case WRITE -> new Write();
      case FORCE -> new Force();
      case COMMIT -> new Commit();
    };
  }

  @Name("dev.cairn.Plan")
  @Label("Plan")
  private static final class Plan extends SaveEvent {}

  @Name("dev.cairn.Cast")
  @Label("Cast")
  private static final class Cast extends SaveEvent {}

  @Name("dev.cairn.Send")
  @Label("Send")
  private static final class Send extends SaveEvent {}

  @Name("dev.cairn.Receive")
  @Label("Receive")
  private static final class Receive extends SaveEvent {}

  @Name("dev.cairn.Write")
  @Label("Write")
  private static final class Write extends SaveEvent {}

  @Name("dev.cairn.Force")
  @Label("Force")
  private static final class Force extends SaveEvent {}

  @Name("dev.cairn.Commit")
  @Label("Commit")
  private static final class Commit extends SaveEvent {}
}
