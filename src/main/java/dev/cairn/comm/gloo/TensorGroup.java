package dev.cairn.comm.gloo;

import dev.cairn.comm.channel.MessageGroup;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.chrono.Milliseconds;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.Work;
import org.bytedeco.pytorch.global.torch;

/**
 * Messages over a process group of Bytedeco PyTorch: tensors over the caller's memory, without a
 * copy. Nothing of the group is closed.
 *
 * @param rank of this process in the group
 * @param size of the group
 * @param sender starts a send in the group
 * @param receiver starts a receive in the group
 */
public record TensorGroup(int rank, int size, Operation sender, Operation receiver)
    implements MessageGroup {
  /** Send or receive. */
  public interface Operation {
    Work start(TensorVector tensors, int peer, int slot);
  }

  @Override
  public Posted send(ByteBuffer direct, int peer, int slot) throws IOException {
    return post(direct, tensors -> sender.start(tensors, peer, slot));
  }

  @Override
  public Posted receive(ByteBuffer direct, int peer, int slot) throws IOException {
    return post(direct, tensors -> receiver.start(tensors, peer, slot));
  }

  private interface Start {
    Work with(TensorVector tensors);
  }

  private static Posted post(ByteBuffer direct, Start start) throws IOException {
    try {
      return new TensorMessage(direct, start);
    } catch (RuntimeException e) {
      throw failed(e);
    }
  }

  /** What the binding throws is without a type: every failure is one of the network. */
  private static IOException failed(RuntimeException e) {
    return new IOException(NativeErrors.firstLine(e), e);
  }

  /** A native work, and the tensor it works on. */
  private static final class TensorMessage implements Posted {
    private final ByteBuffer direct; // stays reachable
    private final Pointer memory;
    private final Tensor tensor;
    private final TensorVector tensors;
    private final Work work;
    private boolean freed;

    TensorMessage(ByteBuffer direct, Start start) {
      this.direct = direct;
      memory = new Pointer(this.direct);
      try (TensorOptions bytes = new TensorOptions(torch.ScalarType.Byte)) {
        tensor = torch.from_blob(memory, new long[] {direct.remaining()}, bytes);
      }
      tensors = new TensorVector(tensor);
      try {
        work = start.with(tensors);
      } catch (RuntimeException e) {
        freeTensor();
        throw e;
      }
    }

    private void freeTensor() {
      tensors.close();
      tensor.close();
      memory.close();
    }

    @Override
    public void await(long timeoutMillis) throws IOException {
      try (Milliseconds timeout = new Milliseconds(timeoutMillis)) {
        if (!work._wait(timeout)) {
          throw new IOException("aborted");
        }
      } catch (RuntimeException e) {
        throw failed(e);
      } finally {
        release();
      }
    }

    @Override
    public synchronized void wake() {
      if (!freed) {
        work.abort();
      }
    }

    /** The destructor of a work waits until the group's thread has let go of the memory. */
    @Override
    public synchronized void release() {
      if (!freed) {
        freed = true;
        work.close();
        freeTensor();
      }
    }
  }
}
