package dev.cairn.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.VectorGraphicsEncoder;
import org.knowm.xchart.VectorGraphicsEncoder.VectorGraphicsFormat;

/** A bar for each candidate: the median of its seconds. */
final class Chart {
  private static final int WIDTH = 1000;
  private static final int HEIGHT = 420;

  private final Tree work;

  Chart(Tree work) {
    this.work = work;
  }

  void write(Path file) throws IOException {
    List<String> names = new ArrayList<>();
    List<Double> seconds = new ArrayList<>();
    work.tree("candidates")
        .values()
        .forEach(
            (name, candidate) -> {
              names.add(name);
              seconds.add(Statistics.median(Tree.of(candidate).numbers("seconds")));
            });
    CategoryChart chart =
        new CategoryChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title(work.text("title"))
            .yAxisTitle("seconds, median")
            .build();
    chart.getStyler().setLegendVisible(false);
    chart.getStyler().setXAxisLabelRotation(25);
    chart.getStyler().setLabelsVisible(true);
    chart.addSeries("seconds", names, seconds);
    VectorGraphicsEncoder.saveVectorGraphic(chart, file.toString(), VectorGraphicsFormat.SVG);
  }
}
