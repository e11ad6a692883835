package dev.cairn.cli.plan;

import dev.cairn.cli.text.Numbers;
import dev.cairn.policy.CostModel;
import dev.cairn.policy.IntervalAdvice;
import dev.cairn.policy.IntervalLimit;
import dev.cairn.policy.Overhead;
import java.awt.Color;
import java.awt.Font;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.VectorGraphicsEncoder;
import org.knowm.xchart.VectorGraphicsEncoder.VectorGraphicsFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Draws what every interval between saves costs, and marks the one that is advised. */
final class CostPlot {
  private static final int WIDTH = 1000;
  private static final int HEIGHT = 620;
  private static final int POINTS = 90;
  private static final double REACH = 12;
  private static final double SHORT_REACH = 3;
  private static final Color TOTAL = new Color(0x1F, 0x4E, 0x9C);
  private static final Color LOST = new Color(0xC0, 0x39, 0x2B);
  private static final Color STALL = new Color(0x1E, 0x84, 0x49);
  private static final Color SIDE = new Color(0x7D, 0x3C, 0x98);

  /** What a plot can be written as. */
  enum Format {
    SVG,
    PNG;

    /** Returns the format that a file's name asks for. */
    static Format of(Path file) {
      String name = file.toString().toLowerCase(Locale.ROOT);
      for (Format format : values()) {
        if (name.endsWith("." + format.name().toLowerCase(Locale.ROOT))) {
          return format;
        }
      }
      throw new IllegalArgumentException(
          "not a drawing: plot=" + file + ", expected a name that ends in .svg or .png");
    }
  }

  private CostPlot() {}

  /** Draws into memory, then writes the file; one that is there is replaced. */
  static void write(IntervalAdvice advice, Path file, Format format) throws IOException {
    System.setProperty("java.awt.headless", "true");
    XYChart chart = draw(advice);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    switch (format) {
      case SVG -> VectorGraphicsEncoder.saveVectorGraphic(chart, bytes, VectorGraphicsFormat.SVG);
      case PNG -> BitmapEncoder.saveBitmap(chart, bytes, BitmapFormat.PNG);
    }
    Files.write(file, bytes.toByteArray());
  }

  private static XYChart draw(IntervalAdvice advice) {
    XYChart chart =
        new XYChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title(
                "Save every %s (%s): %s of training time, limited by %s"
                    .formatted(
                        Numbers.steps((double) advice.steps()),
                        Durations.words(advice.seconds()),
                        Numbers.percent(advice.overhead().fraction()),
                        advice.limit()))
            .xAxisTitle("steps between two saves (log scale)")
            .yAxisTitle("expected cost, % of training time")
            .build();
    style(chart.getStyler());
    addCurves(chart, advice);
    if (advice.limit() != IntervalLimit.COST_OPTIMUM && advice.model().optimumSteps() > 0) {
      Overhead optimum = advice.model().overhead(advice.model().optimumSteps());
      addMark(chart, "cost optimum", optimum, SeriesMarkers.DIAMOND, Color.BLACK);
    }
    addMark(chart, "half", advice.overheadAtHalf(), SeriesMarkers.TRIANGLE_DOWN, SIDE);
    addMark(chart, "advised", advice.overhead(), SeriesMarkers.CIRCLE, TOTAL);
    addMark(chart, "double", advice.overheadAtDouble(), SeriesMarkers.TRIANGLE_UP, SIDE);
    return chart;
  }

  private static void style(XYStyler styler) {
    styler.setXAxisLogarithmic(true);
    styler.setXAxisDecimalPattern("#,##0.###");
    styler.setYAxisMin(0.0);
    styler.setChartBackgroundColor(Color.WHITE);
    styler.setLegendPosition(LegendPosition.InsideN);
    styler.setLegendBackgroundColor(Color.WHITE);
    styler.setMarkerSize(12);
    styler.setChartTitleFont(new Font(Font.SANS_SERIF, Font.BOLD, 17));
    styler.setAxisTitleFont(new Font(Font.SANS_SERIF, Font.PLAIN, 15));
    styler.setAxisTickLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
    styler.setLegendFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
  }

  private static void addCurves(XYChart chart, IntervalAdvice advice) {
    CostModel model = advice.model();
    double middle = (double) advice.steps();
    double optimum = Math.max(model.optimumSteps(), 0.5);
    double least = Math.min(middle, optimum) / REACH;
    // Far right of the optimum the cost grows so large that nothing else can be seen.
    double most = Math.max(middle * (middle > 2 * optimum ? SHORT_REACH : REACH), optimum * REACH);
    List<Double> steps = new ArrayList<>();
    for (int point = 0; point <= POINTS; point++) {
      steps.add(least * Math.pow(most / least, (double) point / POINTS));
    }
    addCurve(chart, "lost work and stalls", model, steps, Overhead::fraction)
        .setLineColor(TOTAL)
        .setLineWidth(3f);
    addCurve(chart, "lost work alone", model, steps, Overhead::lostFraction)
        .setLineColor(LOST)
        .setLineWidth(1.5f);
    addCurve(chart, "stalls alone", model, steps, Overhead::stallFraction)
        .setLineColor(STALL)
        .setLineWidth(1.5f);
  }

  private static XYSeries addCurve(
      XYChart chart,
      String name,
      CostModel model,
      List<Double> steps,
      ToDoubleFunction<Overhead> fraction) {
    List<Double> percent =
        steps.stream().map(each -> 100 * fraction.applyAsDouble(model.overhead(each))).toList();
    XYSeries series = chart.addSeries(name, steps, percent);
    series.setMarker(SeriesMarkers.NONE);
    return series;
  }

  private static void addMark(
      XYChart chart, String name, Overhead overhead, Marker marker, Color color) {
    String label =
        "%s: %s, %s"
            .formatted(
                name,
                Numbers.steps(overhead.intervalSteps()),
                Numbers.percent(overhead.fraction()));
    XYSeries series =
        chart.addSeries(
            label,
            new double[] {overhead.intervalSteps()},
            new double[] {100 * overhead.fraction()});
    series.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Scatter);
    series.setMarker(marker);
    series.setMarkerColor(color);
  }
}
