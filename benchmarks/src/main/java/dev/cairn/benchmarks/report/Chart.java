package dev.cairn.benchmarks.report;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.VectorGraphicsEncoder;
import org.knowm.xchart.VectorGraphicsEncoder.VectorGraphicsFormat;

/** Bars, one for each candidate or goal. */
final class Chart {
  private static final int WIDTH = 1000;
  private static final int HEIGHT = 460;
  private static final double MOST = 2;

  private final Path folder;

  Chart(Path folder) {
    this.folder = folder;
  }

  /** The median of each candidate's seconds. */
  void work(String name, Tree work) throws IOException {
    List<String> names = new ArrayList<>();
    List<Double> seconds = new ArrayList<>();
    for (Map.Entry<String, Object> one : work.tree("candidates").values().entrySet()) {
      names.add(one.getKey());
      seconds.add(Statistics.median(Tree.of(one.getValue()).numbers("seconds")));
    }
    draw(name, work.text("title"), "seconds, median", names, seconds);
  }

  /** Each goal that was measured: 1 is reached, more is better, cut at 2. */
  void goals(Map<String, Tree> works) throws IOException {
    List<String> names = new ArrayList<>();
    List<Double> values = new ArrayList<>();
    for (Map.Entry<String, Tree> work : works.entrySet()) {
      int number = 0;
      for (Tree goal : work.getValue().trees("goals")) {
        number++;
        Goal.Direction direction = Goal.Direction.valueOf(goal.text("direction"));
        if (direction != Goal.Direction.TOLD && goal.values().containsKey("ofMedians")) {
          double part = goal.number("ofMedians") / goal.number("limit");
          boolean isMost = direction == Goal.Direction.AT_MOST;
          names.add(work.getKey() + " " + number);
          values.add(Math.min(MOST, isMost ? 1 / Math.max(part, 1 / MOST) : part));
        }
      }
    }
    if (!names.isEmpty()) {
      draw("goals", "goals of each work, in the table's order", "reached ÷ goal", names, values);
    }
  }

  private void draw(String file, String title, String axis, List<String> names, List<Double> values)
      throws IOException {
    CategoryChart chart =
        new CategoryChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title(title)
            .yAxisTitle(axis)
            .build();
    chart.getStyler().setLegendVisible(false);
    chart.getStyler().setXAxisLabelRotation(30);
    chart.getStyler().setLabelsVisible(true);
    chart.addSeries(axis, names, values);
    VectorGraphicsEncoder.saveVectorGraphic(
        chart, folder.resolve(file + ".svg").toString(), VectorGraphicsFormat.SVG);
  }
}
