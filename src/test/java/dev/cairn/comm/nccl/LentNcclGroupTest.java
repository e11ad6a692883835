package dev.cairn.comm.nccl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.device.Device;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What has to wait until a trainer has ended what is left in the communicator that it lent. */
class LentNcclGroupTest {
  private final NcclGroup group = NcclGroup.lent(null, Device.cuda(0), 1);
  private final List<String> done = new ArrayList<>();

  @Test
  void nothingIsPutOffWhenNothingIsLeft() {
    assertFalse(group.defer(() -> done.add("too late")));
    group.setFinished();
    assertEquals(List.of(), done);
  }

  @Test
  void isFinishedOnceAllThatWasPutOffHasBeenDone() {
    group.leaveUnfinished();
    assertTrue(group.defer(() -> done.add("first, unfinished=" + group.isUnfinished())));
    assertTrue(group.defer(() -> group.defer(() -> done.add("last"))));
    group.setFinished();
    assertEquals(List.of("first, unfinished=true", "last"), done);
    assertFalse(group.isUnfinished());
  }
}
