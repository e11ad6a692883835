package dev.cairn;

/** What ranks do together, as the message of its failure says it. */
enum Operation {
  SAVE("save", "nothing committed"),
  LATEST("search for the latest checkpoint", "nothing was changed"),
  RESTORE("restore", "partitions are undefined");

  private final String words;
  private final String consequence;

  Operation(String words, String consequence) {
    this.words = words;
    this.consequence = consequence;
  }

  String words() {
    return words;
  }

  /** Returns what its failure means for what it was about. */
  String consequence() {
    return consequence;
  }
}
