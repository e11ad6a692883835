/** {@code cairn demo}: processes that hold a model together, and save it. */
package dev.cairn.cli.demo;
