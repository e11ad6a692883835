/**
 * Files that {@code torch.save} wrote, without Python: the zip and the pickle inside are parsed,
 * never run, and a tensor becomes a byte range of its file.
 */
package dev.cairn.torchfile;
