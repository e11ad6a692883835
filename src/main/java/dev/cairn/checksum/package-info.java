/** Checksums of adjacent byte ranges, joined. Pure. */
package dev.cairn.checksum;
