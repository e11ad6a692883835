/**
 * Reads DeepSpeed ZeRO checkpoints without Python: every parameter becomes a list of byte ranges in
 * the checkpoint's files.
 */
package dev.cairn.deepspeed;
