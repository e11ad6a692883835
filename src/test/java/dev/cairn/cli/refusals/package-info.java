/** What commands say, word for word, of files and folders that they refuse. */
package dev.cairn.cli.refusals;
