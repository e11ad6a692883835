/** Parameters that are tensors of Bytedeco PyTorch. Needs {@code org.bytedeco:pytorch}. */
package dev.cairn.torch;
