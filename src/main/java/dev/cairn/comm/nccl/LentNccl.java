package dev.cairn.comm.nccl;

import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.channel.Control;
import dev.cairn.comm.channel.NcclLoan;
import dev.cairn.comm.control.RankNames;
import dev.cairn.comm.nccl.NcclLibrary.Caller;
import dev.cairn.device.Device;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** An NCCL communicator that a trainer lends, and that all ranks can use as their own. */
public final class LentNccl implements NcclLoan {
  private final NcclGroup group;

  private LentNccl(NcclGroup group) {
    this.group = group;
  }

  /** Returns what is lent, as a group. Every loan is one that {@link #take} has returned. */
  public static NcclGroup groupOf(NcclLoan loan) {
    return ((LentNccl) loan).group;
  }

  @Override
  public boolean isOpen() {
    return group.isOpen();
  }

  @Override
  public void close() {
    group.giveBack();
  }

  /**
   * Checks what each rank lends, and takes it if all fit. Collective.
   *
   * @param handle a {@code ncclComm_t}
   * @throws CommunicationException on every rank but those at fault
   * @throws RuntimeException on a rank at fault, saying what is wrong
   */
  public static LentNccl take(Control ranks, long handle) throws CommunicationException {
    Caller caller = new Caller(ranks.rank(), ranks.size());
    RuntimeException mistake = null;
    CommunicationException failure = null;
    Device device = null;
    try {
      device = check(caller, handle);
    } catch (IllegalArgumentException | IllegalStateException e) {
      mistake = e;
    } catch (CommunicationException e) {
      failure = e;
    }
    Exception mine = mistake == null ? failure : mistake;
    String reason = mine == null ? "" : mine.getMessage();
    List<byte[]> told = ranks.allGather(reason.getBytes(StandardCharsets.UTF_8));
    if (mistake != null) {
      throw mistake;
    }
    for (int rank = 0; rank < told.size(); rank++) {
      if (told.get(rank).length > 0) {
        throw new CommunicationException(
            rank, new String(told.get(rank), StandardCharsets.UTF_8), failure);
      }
    }
    return new LentNccl(NcclGroup.lent(caller, device, handle));
  }

  private static Device check(Caller caller, long handle) throws CommunicationException {
    if (NcclLibrary.reasonNotLoaded() != null) {
      throw new IllegalStateException("NCCL cannot be used: " + NcclLibrary.reasonNotLoaded());
    }
    if (handle == 0) {
      throw new IllegalArgumentException(
          "no NCCL communicator: handle=0 on %s"
              .formatted(RankNames.name(caller.rank(), caller.size())));
    }
    caller.checkAsync(handle);
    if (caller.isInProgress(handle)) {
      throw new IllegalStateException(
          "lent NCCL communicator is in progress on %s: lend it once ncclCommGetAsyncError says ncclSuccess"
              .formatted(RankNames.name(caller.rank(), caller.size())));
    }
    int rank = caller.rankIn(handle);
    int size = caller.sizeOf(handle);
    if (rank != caller.rank() || size != caller.size()) {
      throw new IllegalArgumentException(
          "lent NCCL communicator has other ranks: rank=%d of %d, expected rank=%d of %d"
              .formatted(rank, size, caller.rank(), caller.size()));
    }
    return Device.cuda(caller.deviceOf(handle));
  }
}
