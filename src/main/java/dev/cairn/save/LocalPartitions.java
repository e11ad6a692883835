package dev.cairn.save;

import dev.cairn.copy.Partitions;
import dev.cairn.model.Parameter;
import dev.cairn.model.Partition;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/** This rank's partitions, as the copy sees them: by tensor of the plan. */
record LocalPartitions(List<Parameter> tensors) implements Partitions {
  @Override
  public boolean isInMemory(int tensor) {
    return tensors.get(tensor).partition().isInMemory();
  }

  @Override
  public long deviceAddress(int tensor, long byteOffset) {
    Partition partition = tensors.get(tensor).partition();
    return partition.isOnDevice() ? partition.address(byteOffset) : 0;
  }

  @Override
  public ByteBuffer view(int tensor, long byteOffset, int lengthBytes) {
    return tensors.get(tensor).partition().view(byteOffset, lengthBytes);
  }

  @Override
  public void read(int tensor, long byteOffset, ByteBuffer target) throws IOException {
    tensors.get(tensor).partition().read(byteOffset, target);
  }
}
