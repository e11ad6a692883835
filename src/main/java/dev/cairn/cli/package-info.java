/** The command line. Nothing here is part of the library's public face. */
package dev.cairn.cli;
