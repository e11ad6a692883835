/** Where partitions lie, and native memory that is freed when it is closed. */
package dev.cairn.device;
