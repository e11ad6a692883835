package dev.cairn.comm;

import dev.cairn.comm.NcclLibrary.Caller;
import dev.cairn.device.Device;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Whether a trainer's NCCL communicator is one that all ranks can use as their own. */
final class NcclLoan {
  private final Caller caller;
  private final Control control;

  NcclLoan(Communicator ranks) {
    caller = new Caller(ranks.rank(), ranks.size());
    control = ranks.control();
  }

  /**
   * Checks what each rank lends, and takes it if all fit. Collective.
   *
   * @param handle a {@code ncclComm_t}
   * @return a group that does not own it
   * @throws CommunicationException on every rank but those at fault
   * @throws RuntimeException on a rank at fault, saying what is wrong
   */
  NcclGroup take(long handle) throws CommunicationException {
    RuntimeException mistake = null;
    CommunicationException failure = null;
    Device device = null;
    try {
      device = check(handle);
    } catch (IllegalArgumentException | IllegalStateException e) {
      mistake = e;
    } catch (CommunicationException e) {
      failure = e;
    }
    Exception mine = mistake == null ? failure : mistake;
    String reason = mine == null ? "" : mine.getMessage();
    List<byte[]> told = control.allGather(reason.getBytes(StandardCharsets.UTF_8));
    if (mistake != null) {
      throw mistake;
    }
    for (int rank = 0; rank < told.size(); rank++) {
      if (told.get(rank).length > 0) {
        throw new CommunicationException(
            rank, new String(told.get(rank), StandardCharsets.UTF_8), failure);
      }
    }
    return NcclGroup.lent(caller, device, handle);
  }

  private Device check(long handle) throws CommunicationException {
    if (NcclLibrary.reasonNotLoaded() != null) {
      throw new IllegalStateException("NCCL cannot be used: " + NcclLibrary.reasonNotLoaded());
    }
    if (handle == 0) {
      throw new IllegalArgumentException(
          "no NCCL communicator: handle=0 on %s".formatted(Hub.name(caller.rank(), caller.size())));
    }
    caller.checkAsync(handle);
    if (caller.isInProgress(handle)) {
      throw new IllegalStateException(
          "lent NCCL communicator is in progress on %s: lend it once ncclCommGetAsyncError says ncclSuccess"
              .formatted(Hub.name(caller.rank(), caller.size())));
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
