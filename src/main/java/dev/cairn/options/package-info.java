/** What a trainer asks of a save, and what it is told of it. */
package dev.cairn.options;
