package dev.cairn.commit;

import dev.cairn.machine.ProcessIdentity;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;

/**
 * A folder under a hidden name of Cairn's pattern.
 *
 * @param path absolute
 * @param target what it is to become, or was
 * @param goesBack whether it was at the target and nothing is there now: it is to be there again
 * @param owner who works in it, or did; empty if that is not known
 * @param lastSign when its owner last gave a sign of life, by the clock of whoever keeps the files
 * @param state what is known of its owner
 */
public record AbandonedFolder(
    Path path,
    Path target,
    boolean goesBack,
    Optional<ProcessIdentity> owner,
    Instant lastSign,
    State state) {
  /** What is known of a folder's owner. */
  public enum State {
    /** It works: the folder is not left over. */
    IN_USE,
    /** It has ended. */
    ABANDONED,
    /** It is of another host, boot or container: a long silence says that it has ended. */
    ELSEWHERE,
    /**
     * Nothing is in it, or nothing but an owner file that is not whole: who made it was killed at
     * that moment, or is about to write. A long silence says that it has ended.
     */
    EMPTY,
    /** There is no whole owner file: the folder is somebody else's, or nobody knows. */
    UNKNOWN
  }
}
