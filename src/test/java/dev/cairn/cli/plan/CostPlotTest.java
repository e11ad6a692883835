package dev.cairn.cli.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.policy.CostModel;
import dev.cairn.policy.DiskBudget;
import dev.cairn.policy.IntervalAdvice;
import dev.cairn.policy.SaveCost;
import dev.cairn.policy.TrainingRun;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

class CostPlotTest {
  private static final String TOTAL = "#1F4E9C";
  private static final int CURVES = 3;
  private static final int POINTS = 91;

  @TempDir private Path folder;

  private static IntervalAdvice advice(double stall, double write) {
    TrainingRun run = new TrainingRun(2, OptionalLong.of(2_332_800), 1, 3);
    return IntervalAdvice.of(
        new CostModel(run, new SaveCost(stall, write)), DiskBudget.unlimited());
  }

  private Element drawing(IntervalAdvice advice) throws Exception {
    Path file = folder.resolve("COST.SVG");
    Files.writeString(file, "an earlier drawing");
    CostPlot.check(file);
    CostPlot.write(advice, file);
    var builder = DocumentBuilderFactory.newInstance().newDocumentBuilder();
    return builder.parse(file.toFile()).getDocumentElement();
  }

  private static List<Element> all(Element svg, String name) {
    NodeList found = svg.getElementsByTagName(name);
    List<Element> elements = new ArrayList<>();
    for (int each = 0; each < found.getLength(); each++) {
      elements.add((Element) found.item(each));
    }
    return elements;
  }

  /** The curves are those before the legend's samples. */
  private static List<double[]> points(Element curve) {
    return Arrays.stream(curve.getAttribute("points").split(" "))
        .map(point -> Arrays.stream(point.split(",")).mapToDouble(Double::parseDouble).toArray())
        .toList();
  }

  private static double number(Element element, String name) {
    return Double.parseDouble(element.getAttribute(name));
  }

  @Test
  void isADrawingOfThatSizeWithCurvesAndMarks() throws Exception {
    Element svg = drawing(advice(1, 0));
    assertEquals("svg", svg.getTagName());
    assertEquals("0 0 1000 620", svg.getAttribute("viewBox"));
    List<String> colors =
        all(svg, "polyline").stream().map(each -> each.getAttribute("stroke")).toList();
    List<String> once = List.of(TOTAL, "#C0392B", "#1E8449");
    assertEquals(once, colors.subList(0, CURVES));
    assertEquals(once, colors.subList(CURVES, colors.size()), "the legend's samples");
    String words = svg.getTextContent();
    for (String said :
        List.of("Save every", "lost work alone", "half: ", "advised: ", "double: ")) {
      assertTrue(words.contains(said), words);
    }
  }

  @Test
  void advisedIntervalIsTheLowestPointOfTheCurveWhereNothingElseLimitsIt() throws Exception {
    Element svg = drawing(advice(1, 0));
    Element advised = all(svg, "circle").get(0);
    // Down is more, in a drawing.
    double lowest =
        points(all(svg, "polyline").get(0)).stream().mapToDouble(at -> at[1]).max().orElseThrow();
    assertEquals(TOTAL, advised.getAttribute("fill"));
    assertEquals(lowest, number(advised, "cy"), 0.5);
  }

  @ParameterizedTest
  @CsvSource({"1, 0", "1, 30000", "0, 0", "1e-9, 0", "1e9, 0"})
  void everyAdviceCanBeDrawn(double stall, double write) throws Exception {
    Element svg = drawing(advice(stall, write));
    Element frame = all(svg, "rect").get(1);
    for (Element curve : all(svg, "polyline").subList(0, CURVES)) {
      List<double[]> points = points(curve);
      assertEquals(POINTS, points.size());
      for (double[] at : points) {
        double right = at[0] - number(frame, "x");
        double down = at[1] - number(frame, "y");
        assertTrue(right > 0 && right < number(frame, "width"), () -> Arrays.toString(at));
        assertTrue(down > 0 && down < number(frame, "height"), () -> Arrays.toString(at));
      }
    }
    long levels =
        all(svg, "text").stream()
            .filter(text -> text.getAttribute("text-anchor").equals("end"))
            .count();
    assertTrue(levels >= 4 && levels <= 13, () -> "labels of the y axis: " + levels);
  }

  @Test
  void wordsCannotEndTheText() {
    Svg svg = new Svg(1, 1);
    svg.text(new Svg.Point(0, 0), "start", 1, "", "a < b & c");
    assertTrue(svg.drawn().contains(">a &lt; b &amp; c</text>"), svg::drawn);
  }
}
