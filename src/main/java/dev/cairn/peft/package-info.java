/**
 * LoRA adapters: their configuration, and how they are saved from partitions as PEFT writes them.
 */
package dev.cairn.peft;
