package dev.cairn.torchfile;

import dev.cairn.tensor.DType;
import dev.cairn.torchfile.PickleValue.Global;
import java.util.Map;

/** The list of torch's storage classes and dtypes that Cairn understands. */
final class TorchTypes {
  private static final Map<String, DType> STORAGES =
      Map.ofEntries(
          Map.entry("DoubleStorage", DType.F64),
          Map.entry("FloatStorage", DType.F32),
          Map.entry("HalfStorage", DType.F16),
          Map.entry("BFloat16Storage", DType.BF16),
          Map.entry("LongStorage", DType.I64),
          Map.entry("IntStorage", DType.I32),
          Map.entry("ShortStorage", DType.I16),
          Map.entry("CharStorage", DType.I8),
          Map.entry("ByteStorage", DType.U8),
          Map.entry("BoolStorage", DType.BOOL),
          Map.entry("ComplexFloatStorage", DType.C64));

  private static final Map<String, DType> DTYPES =
      Map.ofEntries(
          Map.entry("float64", DType.F64),
          Map.entry("float32", DType.F32),
          Map.entry("float16", DType.F16),
          Map.entry("bfloat16", DType.BF16),
          Map.entry("int64", DType.I64),
          Map.entry("int32", DType.I32),
          Map.entry("int16", DType.I16),
          Map.entry("int8", DType.I8),
          Map.entry("uint64", DType.U64),
          Map.entry("uint32", DType.U32),
          Map.entry("uint16", DType.U16),
          Map.entry("uint8", DType.U8),
          Map.entry("bool", DType.BOOL),
          Map.entry("complex64", DType.C64),
          Map.entry("float8_e4m3fn", DType.F8_E4M3),
          Map.entry("float8_e4m3fnuz", DType.F8_E4M3FNUZ),
          Map.entry("float8_e5m2", DType.F8_E5M2),
          Map.entry("float8_e5m2fnuz", DType.F8_E5M2FNUZ),
          Map.entry("float8_e8m0fnu", DType.F8_E8M0));

  private TorchTypes() {}

  /** Returns the element type of a storage class, or null where it is not on the list. */
  static DType ofStorage(Global type) {
    return type.module().equals("torch") ? STORAGES.get(type.name()) : null;
  }

  /** Returns whether the class is the storage of bytes whose type stands beside it. */
  static boolean isUntyped(Global type) {
    return type.is("torch.storage", "UntypedStorage") || type.is("torch", "UntypedStorage");
  }

  /** Returns the element type that a value names, or null where it is not on the list. */
  static DType ofDType(Object value) {
    return value instanceof Global type && type.module().equals("torch")
        ? DTYPES.get(type.name())
        : null;
  }
}
