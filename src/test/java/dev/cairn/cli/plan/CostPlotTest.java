package dev.cairn.cli.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.policy.CostModel;
import dev.cairn.policy.DiskBudget;
import dev.cairn.policy.IntervalAdvice;
import dev.cairn.policy.SaveCost;
import dev.cairn.policy.TrainingRun;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.OptionalLong;
import java.util.Set;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.w3c.dom.Element;

class CostPlotTest {
  private static final int TOTAL = 0xFF1F4E9C;
  private static final int LOST = 0xFFC0392B;
  private static final int STALL = 0xFF1E8449;
  private static final int SIDE = 0xFF7D3C98;
  private static final int OPTIMUM = 0xFF000000;

  @TempDir private Path folder;

  private static IntervalAdvice advice(double stall, double write) {
    TrainingRun run = new TrainingRun(2, OptionalLong.of(2_332_800), 1, 3);
    return IntervalAdvice.of(
        new CostModel(run, new SaveCost(stall, write)), DiskBudget.unlimited());
  }

  private Set<Integer> colorsOf(IntervalAdvice advice) throws IOException {
    Path file = folder.resolve("cost.png");
    CostPlot.write(advice, file, CostPlot.Format.of(file));
    BufferedImage image = ImageIO.read(file.toFile());
    assertEquals(1000, image.getWidth());
    assertEquals(620, image.getHeight());
    Set<Integer> colors = new HashSet<>();
    for (int x = 0; x < image.getWidth(); x++) {
      for (int y = 0; y < image.getHeight(); y++) {
        colors.add(image.getRGB(x, y));
      }
    }
    return colors;
  }

  @Test
  void pngShowsCurvesAndMarks() throws IOException {
    assertTrue(colorsOf(advice(1, 0)).containsAll(Set.of(TOTAL, LOST, STALL, SIDE)));
  }

  @ParameterizedTest
  @CsvSource({"1, 30000", "0, 0", "1e-9, 0", "1e9, 0"})
  void everyAdviceCanBeDrawn(double stall, double write) throws IOException {
    assertTrue(colorsOf(advice(stall, write)).containsAll(Set.of(TOTAL, SIDE, OPTIMUM)));
  }

  @Test
  void svgIsADrawingOfThatSize() throws Exception {
    Path file = folder.resolve("COST.SVG");
    Files.writeString(file, "an earlier drawing");
    CostPlot.write(advice(1, 0), file, CostPlot.Format.of(file));
    DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
    // The type's definition lies on the network.
    factory.setFeature("http://apache.org/xml/features/nonvalidating/load-external-dtd", false);
    Element svg = factory.newDocumentBuilder().parse(file.toFile()).getDocumentElement();
    assertEquals("svg", svg.getTagName());
    assertEquals("0 0 1000 620", svg.getAttribute("viewBox"));
    String text = Files.readString(file);
    for (String color : new String[] {"31,78,156", "192,57,43", "30,132,73", "125,60,152"}) {
      assertTrue(text.contains("rgb(" + color + ")"), color);
    }
  }
}
