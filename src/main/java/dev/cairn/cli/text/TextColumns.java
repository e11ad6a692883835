package dev.cairn.cli.text;

import java.util.ArrayList;
import java.util.List;

/** Rows of text whose columns stand below each other. */
public final class TextColumns {
  private static final int GAP = 3;

  private TextColumns() {}

  /** Returns a line for each row; all rows have as many cells as the first. */
  public static List<String> align(List<List<String>> rows) {
    List<String> lines = new ArrayList<>();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int column = 0; column < row.size(); column++) {
        line.append(row.get(column));
        line.append(" ".repeat(width(rows, column) + GAP - row.get(column).length()));
      }
      lines.add(line.toString().stripTrailing());
    }
    return lines;
  }

  private static int width(List<List<String>> rows, int column) {
    return rows.stream().mapToInt(row -> row.get(column).length()).max().orElse(0);
  }
}
