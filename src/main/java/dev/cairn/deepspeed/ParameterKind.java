package dev.cairn.deepspeed;

/** What a name in a DeepSpeed checkpoint is. */
public enum ParameterKind {
  /** A parameter the optimizer trains: its fp32 master is in the optimizer states. */
  TRAINABLE,
  /** A parameter that is not trained: it is stored in the dtype the engine held it in. */
  FROZEN,
  /** A persistent buffer: it keeps its dtype in every output. */
  BUFFER
}
