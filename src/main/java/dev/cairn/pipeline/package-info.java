/** The copy: fill a staging buffer, checksum it, write it; and the commit of what was written. */
package dev.cairn.pipeline;
