/** Checksums of storages that are read in pieces, by several threads, in any order. */
package dev.cairn.torchfile.checksum;
