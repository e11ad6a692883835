package dev.cairn.cli.plan;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * A drawing as SVG text: the few shapes that a plot needs, each on a line of its own. Lengths are
 * in pixels from the upper left corner. Names of colours and anchors are SVG's.
 *
 * @see <a href="https://www.w3.org/TR/SVG11/">SVG 1.1</a>
 */
final class Svg {
  /** A point of a drawing. */
  record Point(double x, double y) {}

  private final StringBuilder text = new StringBuilder();

  /** Begins a drawing on white. */
  Svg(int width, int height) {
    line(
        String.format(
            Locale.ROOT,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\""
                + " height=\"%d\" font-family=\"sans-serif\">",
            width,
            height,
            width,
            height));
    line(
        String.format(
            Locale.ROOT, "<rect width=\"%d\" height=\"%d\" fill=\"white\"/>", width, height));
  }

  /** Draws a frame that hides what is behind it. */
  void frame(double x, double y, double width, double height) {
    line(
        String.format(
            Locale.ROOT,
            "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"white\""
                + " stroke=\"gray\"/>",
            x,
            y,
            width,
            height));
  }

  /** Draws a thin line of a grid. */
  void gridLine(Point from, Point to) {
    line(
        String.format(
            Locale.ROOT,
            "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"lightgray\""
                + " stroke-dasharray=\"3 5\"/>",
            from.x,
            from.y,
            to.x,
            to.y));
  }

  /** Draws a line through points. */
  void curve(List<Point> points, String color, double width) {
    line(
        String.format(
            Locale.ROOT,
            "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"%.1f\"/>",
            joined(points),
            color,
            width));
  }

  /** Draws a filled circle. */
  void circle(Point middle, double radius, String color) {
    line(
        String.format(
            Locale.ROOT,
            "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" fill=\"%s\"/>",
            middle.x,
            middle.y,
            radius,
            color));
  }

  /** Draws a filled polygon. */
  void polygon(List<Point> corners, String color) {
    line(
        String.format(Locale.ROOT, "<polygon points=\"%s\" fill=\"%s\"/>", joined(corners), color));
  }

  /** Writes text whose anchor, on the line that it stands on, is a point. */
  void text(Point at, String anchor, int size, String style, String words) {
    line(
        String.format(
            Locale.ROOT,
            "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" font-size=\"%d\"%s>%s</text>",
            at.x,
            at.y,
            anchor,
            size,
            style.isEmpty() ? "" : " " + style,
            words.replace("&", "&amp;").replace("<", "&lt;")));
  }

  /** Returns the whole drawing. */
  String drawn() {
    return text + "</svg>\n";
  }

  private static String joined(List<Point> points) {
    return points.stream()
        .map(point -> String.format(Locale.ROOT, "%.1f,%.1f", point.x, point.y))
        .collect(Collectors.joining(" "));
  }

  private void line(String shape) {
    text.append(shape).append('\n');
  }
}
