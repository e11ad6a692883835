/** LoRA adapters merged into their base model: a model folder that needs no PEFT. */
package dev.cairn.peft.merge;
