/** Options that several commands have. */
package dev.cairn.cli.options;
