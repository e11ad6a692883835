package dev.cairn.simulation.world;

import dev.cairn.simulation.history.Contents;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/** A folder: its entries as programs see them, and as they are on the disk. */
final class FolderNode implements Node {
  private final TreeMap<String, Node> entries = new TreeMap<>();
  private Map<String, Node> forced = new TreeMap<>();

  /** Changes that have not been forced; each is there after a power cut as a whole, or not. */
  private final List<Map<String, Node>> pending = new ArrayList<>();

  private Instant modified;
  private long version;
  private Contents contents;
  private long contentsVersion = -1;

  FolderNode(Instant created) {
    modified = created;
  }

  @Override
  public Instant modified() {
    return modified;
  }

  @Override
  public long version() {
    long sum = version;
    for (Node node : entries.values()) {
      sum += node.version();
    }
    return sum;
  }

  /** Returns what the checkpoint in it holds; read again only after changes. */
  Contents contents() {
    long now = version();
    if (contents == null || contentsVersion != now) {
      contents = ContentsReader.read(this);
      contentsVersion = now;
    }
    return contents;
  }

  Map<String, Node> entries() {
    return entries;
  }

  /** Adds or replaces an entry; null removes it. */
  void set(String name, Node node, Instant now) {
    Map<String, Node> change = new HashMap<>();
    change.put(name, node);
    apply(change, now);
  }

  /** Gives an entry another name. */
  void rename(String from, String to, Instant now) {
    Map<String, Node> change = new HashMap<>();
    change.put(to, entries.get(from));
    change.put(from, null);
    apply(change, now);
  }

  void exchange(String first, String second, Instant now) {
    Map<String, Node> change = new HashMap<>();
    change.put(first, entries.get(second));
    change.put(second, entries.get(first));
    apply(change, now);
  }

  private void apply(Map<String, Node> change, Instant now) {
    apply(change, entries);
    pending.add(change);
    modified = now;
    version += 1000; // more than what goes with an entry can take away
  }

  private static void apply(Map<String, Node> change, Map<String, Node> target) {
    change.forEach(
        (name, node) -> {
          if (node == null) {
            target.remove(name);
          } else {
            target.put(name, node);
          }
        });
  }

  void force() {
    forced = new TreeMap<>(entries);
    pending.clear();
  }

  @Override
  public void cutPower(Loss loss, SplittableRandom random) {
    int kept = pending.isEmpty() ? 0 : random.nextInt(pending.size() + 1);
    for (int index = 0; index < pending.size(); index++) {
      boolean stays =
          switch (loss) {
            case ALL -> false;
            case NOTHING -> true;
            case AFTER_ONE -> index < kept;
            case ANY -> random.nextBoolean();
          };
      if (stays) {
        apply(pending.get(index), forced);
      }
    }
    version += 1_000_000;
    entries.clear();
    entries.putAll(forced);
    pending.clear();
    for (Node node : entries.values()) {
      node.cutPower(loss, random);
    }
  }
}
