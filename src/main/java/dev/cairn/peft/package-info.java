/** LoRA adapters as PEFT writes them: saved from partitions, and merged into their base model. */
package dev.cairn.peft;
