package dev.cairn.cli.plan;

import dev.cairn.cli.plan.Svg.Point;
import dev.cairn.cli.text.Numbers;
import dev.cairn.policy.CostModel;
import dev.cairn.policy.IntervalAdvice;
import dev.cairn.policy.IntervalLimit;
import dev.cairn.policy.Overhead;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** Draws what every interval between saves costs, and marks the one that is advised. */
final class CostPlot {
  private static final int POINTS = 90;
  private static final double REACH = 12;
  private static final double SHORT_REACH = 3;
  private static final String SIDE = "#7D3C98";
  private static final double MARK = 7;
  private static final int LINE = 22;
  private static final double LETTER = 7.2;

  /** One line of the drawing. */
  private record Curve(
      String name, String color, double width, ToDoubleFunction<Overhead> fraction) {}

  private static final List<Curve> CURVES =
      List.of(
          new Curve("lost work and stalls", "#1F4E9C", 3, Overhead::fraction),
          new Curve("lost work alone", "#C0392B", 1.5, Overhead::lostFraction),
          new Curve("stalls alone", "#1E8449", 1.5, Overhead::stallFraction));

  /** One point of it; the shape is where its corners are from the middle, a circle without any. */
  private record Mark(String name, Overhead overhead, List<Point> shape, String color) {
    String label() {
      String steps = Numbers.steps(overhead.intervalSteps());
      return "%s: %s, %s".formatted(name, steps, Numbers.percent(overhead.fraction()));
    }
  }

  private final IntervalAdvice advice;
  private final Axes axes;
  private final List<Double> steps = new ArrayList<>();
  private final Svg svg = new Svg(Axes.WIDTH, Axes.HEIGHT);

  private CostPlot(IntervalAdvice advice) {
    this.advice = advice;
    CostModel model = advice.model();
    double middle = (double) advice.steps();
    double optimum = Math.max(model.optimumSteps(), 0.5);
    double least = Math.min(middle, optimum) / REACH;
    // Far right of the optimum the cost grows so large that nothing else can be seen.
    double most = Math.max(middle * (middle > 2 * optimum ? SHORT_REACH : REACH), optimum * REACH);
    for (int point = 0; point <= POINTS; point++) {
      steps.add(least * Math.pow(most / least, (double) point / POINTS));
    }
    double highest =
        steps.stream().mapToDouble(each -> model.overhead(each).fraction()).max().orElseThrow();
    axes = new Axes(least, most, 100 * highest);
  }

  /**
   * Checks that a file's name is that of a drawing.
   *
   * @throws IllegalArgumentException if not
   */
  static void check(Path file) {
    if (!file.toString().toLowerCase(Locale.ROOT).endsWith(".svg")) {
      throw new IllegalArgumentException(
          "not a drawing: plot=" + file + ", expected a name that ends in .svg");
    }
  }

  /** Draws into memory, then writes the file; one that is there is replaced. */
  static void write(IntervalAdvice advice, Path file) throws IOException {
    Files.writeString(file, new CostPlot(advice).drawn());
  }

  private String drawn() {
    String title =
        "Save every %s (%s): %s of training time, limited by %s"
            .formatted(
                Numbers.steps((double) advice.steps()),
                Durations.words(advice.seconds()),
                Numbers.percent(advice.overhead().fraction()),
                advice.limit());
    Point top = new Point((Axes.LEFT + Axes.RIGHT) / 2.0, Axes.TOP - 14.0);
    svg.text(top, "middle", 17, "font-weight=\"bold\"", title);
    axes.draw(svg, "steps between two saves (log scale)", "expected cost, % of training time");
    for (Curve curve : CURVES) {
      svg.curve(steps.stream().map(each -> at(curve, each)).toList(), curve.color, curve.width);
    }
    List<Mark> marks = marks();
    for (Mark mark : marks) {
      Overhead overhead = mark.overhead;
      draw(mark, axes.place(overhead.intervalSteps(), 100 * overhead.fraction()));
    }
    legend(marks);
    return svg.drawn();
  }

  private Point at(Curve curve, double interval) {
    double fraction = curve.fraction.applyAsDouble(advice.model().overhead(interval));
    return axes.place(interval, 100 * fraction);
  }

  private List<Mark> marks() {
    List<Point> down = List.of(new Point(-MARK, -MARK), new Point(MARK, -MARK), new Point(0, MARK));
    List<Point> up = List.of(new Point(-MARK, MARK), new Point(MARK, MARK), new Point(0, -MARK));
    List<Point> diamond =
        List.of(new Point(0, -MARK), new Point(MARK, 0), new Point(0, MARK), new Point(-MARK, 0));
    List<Mark> marks = new ArrayList<>();
    if (advice.limit() != IntervalLimit.COST_OPTIMUM && advice.model().optimumSteps() > 0) {
      Overhead optimum = advice.model().overhead(advice.model().optimumSteps());
      marks.add(new Mark("cost optimum", optimum, diamond, "black"));
    }
    marks.add(new Mark("half", advice.overheadAtHalf(), down, SIDE));
    marks.add(new Mark("advised", advice.overhead(), List.of(), CURVES.get(0).color));
    marks.add(new Mark("double", advice.overheadAtDouble(), up, SIDE));
    return marks;
  }

  private void draw(Mark mark, Point middle) {
    if (mark.shape.isEmpty()) {
      svg.circle(middle, MARK, mark.color);
      return;
    }
    svg.polygon(
        mark.shape.stream()
            .map(corner -> new Point(middle.x() + corner.x(), middle.y() + corner.y()))
            .toList(),
        mark.color);
  }

  private void legend(List<Mark> marks) {
    int letters = marks.stream().mapToInt(mark -> mark.label().length()).max().orElseThrow();
    double width = 55 + letters * LETTER;
    double left = (Axes.LEFT + Axes.RIGHT - width) / 2;
    double line = Axes.TOP + 6 + LINE / 2.0;
    svg.frame(left, Axes.TOP + 6, width, (double) LINE * (CURVES.size() + marks.size()));
    for (Curve curve : CURVES) {
      List<Point> sample = List.of(new Point(left + 10, line), new Point(left + 35, line));
      svg.curve(sample, curve.color, curve.width);
      svg.text(new Point(left + 45, line + 4.5), "start", 13, "", curve.name);
      line += LINE;
    }
    for (Mark mark : marks) {
      draw(mark, new Point(left + 22.5, line));
      svg.text(new Point(left + 45, line + 4.5), "start", 13, "", mark.label());
      line += LINE;
    }
  }
}
