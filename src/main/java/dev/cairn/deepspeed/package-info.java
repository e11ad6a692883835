/**
 * Reads DeepSpeed ZeRO checkpoints without Python: the zip and the pickle inside are parsed, never
 * run, and every parameter becomes a list of byte ranges in the checkpoint's files.
 */
package dev.cairn.deepspeed;
