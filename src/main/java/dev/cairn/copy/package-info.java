/**
 * The copy: take a staging buffer, fill it with a chunk from some source, checksum it, write it.
 *
 * <p>Every feature is this copy with another {@code ChunkSource} or {@code ChunkSink}.
 */
package dev.cairn.copy;
