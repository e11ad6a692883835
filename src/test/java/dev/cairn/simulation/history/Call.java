package dev.cairn.simulation.history;

/**
 * One call of one rank.
 *
 * @param slot its number in the history; the ranks' calls of one number belong together
 * @param kind what it does
 * @param step what it saves
 * @param stamp what the elements say that it saves; no two saves of a history have the same
 * @param awaits whether a save in the background is waited for: at once, or never
 * @param isWrong whether this rank's partitions do not fit
 */
public record Call(int slot, CallKind kind, long step, int stamp, boolean awaits, boolean isWrong) {
  @Override
  public String toString() {
    return slot
        + ":"
        + kind
        + (kind.isSave() ? "(" + step + ", stamp " + stamp + ")" : "")
        + (awaits ? ".await" : "")
        + (isWrong ? " wrong" : "");
  }
}
