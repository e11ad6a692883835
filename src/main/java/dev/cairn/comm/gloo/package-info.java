/** A group of Cairn's own over Gloo. The only package of {@code comm} that uses PyTorch. */
package dev.cairn.comm.gloo;
