/**
 * The safetensors format: headers, the split into shard files, their index and Cairn's manifest, as
 * bytes in memory. Pure: no files, sockets, clocks or threads.
 */
package dev.cairn.safetensors;
