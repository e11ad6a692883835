/** Files: what the disk holds and how it gets there. */
package dev.cairn.io;
