package dev.cairn.io;

import dev.cairn.input.FileKind;
import dev.cairn.input.InputRefusal;
import dev.cairn.input.Refusal;
import dev.cairn.input.WrongLengthException;
import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Says what a file is that cannot be read as safetensors. */
final class NotSafetensors {
  private NotSafetensors() {}

  /** Returns the error to throw in place of one about the header: it names the thing, if known. */
  static CorruptFileException explain(InputFile file, CorruptFileException error)
      throws IOException {
    byte[] first = new byte[(int) Math.min(FileKind.FIRST_BYTES, file.lengthBytes())];
    file.read(0, ByteBuffer.wrap(first));
    FileKind kind = FileKind.of(first);
    if (kind == FileKind.UNKNOWN) {
      return error;
    }
    if (kind.isTorch()) {
      return because(InputRefusal.TORCH_AS_SAFETENSORS.of(file.path()), error);
    }
    if (kind.refusal().isPresent()) {
      return because(kind.refusal().get().of(file.path()), error);
    }
    if (error instanceof WrongLengthException wrong) {
      long has = file.lengthBytes();
      long expected = wrong.expectedBytes();
      Refusal refusal =
          has < expected ? InputRefusal.CUT_SAFETENSORS : InputRefusal.LONG_SAFETENSORS;
      return because(
          refusal.of(file.path(), "has", Long.toString(has), "expected", Long.toString(expected)),
          error);
    }
    return error;
  }

  private static CorruptFileException because(
      CorruptFileException refusal, CorruptFileException error) {
    refusal.initCause(error);
    return refusal;
  }
}
