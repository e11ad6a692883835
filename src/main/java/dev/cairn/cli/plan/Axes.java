package dev.cairn.cli.plan;

import dev.cairn.cli.plan.Svg.Point;
import dev.cairn.cli.text.Numbers;
import java.util.ArrayList;
import java.util.List;

/**
 * Where values lie in a drawing: x on a logarithmic scale from {@code least} to {@code most}, y on
 * a linear one from 0 to {@code highest}. All are greater than 0.
 */
record Axes(double least, double most, double highest) {
  static final int WIDTH = 1000;
  static final int HEIGHT = 620;
  static final int LEFT = 75;
  static final int RIGHT = 980;
  static final int TOP = 40;
  static final int BOTTOM = 555;
  private static final int MARGIN = 20;
  private static final int MOST_LABELS = 12;
  private static final double FEW_DECADES = 3;

  /** Returns the place of a value. */
  Point place(double x, double y) {
    double along = Math.log(x / least) / Math.log(most / least);
    return new Point(
        LEFT + MARGIN + along * (RIGHT - LEFT - 2 * MARGIN),
        BOTTOM - MARGIN - y / highest * (BOTTOM - TOP - 2 * MARGIN));
  }

  /** Draws the frame, a grid, and what its lines stand for. */
  void draw(Svg svg, String nameOfX, String nameOfY) {
    svg.frame(LEFT, TOP, RIGHT - LEFT, BOTTOM - TOP);
    for (double y : levels()) {
      Point at = place(least, y);
      svg.gridLine(new Point(LEFT, at.y()), new Point(RIGHT, at.y()));
      svg.text(new Point(LEFT - 8.0, at.y() + 4.5), "end", 13, "", Numbers.digits(y));
    }
    boolean isShort = Math.log10(most / least) < FEW_DECADES;
    for (int decade = (int) Math.floor(Math.log10(least)); Math.pow(10, decade) <= most; decade++) {
      for (int digit = 1; digit < 10; digit++) {
        double x = digit * Math.pow(10, decade);
        if (x >= least && x <= most) {
          Point at = place(x, 0);
          svg.gridLine(new Point(at.x(), TOP), new Point(at.x(), BOTTOM));
          if (digit == 1 || (isShort && (digit == 2 || digit == 5))) {
            svg.text(new Point(at.x(), BOTTOM + 20.0), "middle", 13, "", Numbers.digits(x));
          }
        }
      }
    }
    double middle = (TOP + BOTTOM) / 2.0;
    svg.text(new Point((LEFT + RIGHT) / 2.0, HEIGHT - 15.0), "middle", 15, "", nameOfX);
    String turned = "transform=\"rotate(-90 20 " + middle + ")\"";
    svg.text(new Point(20, middle), "middle", 15, turned, nameOfY);
  }

  /** Returns 0 and its multiples of 1, 2 or 5 times a power of ten, a few of them. */
  private List<Double> levels() {
    double step = Math.pow(10, Math.floor(Math.log10(highest)) - 1);
    for (int times = 0; highest / step > MOST_LABELS; times++) {
      step *= times % 3 == 1 ? 2.5 : 2;
    }
    List<Double> levels = new ArrayList<>();
    for (int level = 0; level * step <= highest; level++) {
      levels.add(level * step);
    }
    return levels;
  }
}
