/** Bulk data between two ranks: over any group that sends messages, or within one process. */
package dev.cairn.comm.bulk;
