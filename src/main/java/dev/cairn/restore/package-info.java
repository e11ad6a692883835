/** One restore: a checkpoint's files back into the partitions of each rank. */
package dev.cairn.restore;
