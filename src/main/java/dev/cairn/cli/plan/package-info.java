/** {@code cairn plan}: what a model's saves will cost, and how often to save. */
package dev.cairn.cli.plan;
