package dev.cairn.peft;

/** Whether the base weights of the embeddings are saved with the adapter. */
public enum SaveEmbeddings {
  /** If an embedding has an adapter, or the vocabulary was resized. */
  AUTO,
  /** Always. */
  ALWAYS,
  /** Never. */
  NEVER
}
