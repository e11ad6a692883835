/** A config that fits the weights beside it: found by trying what they can mean. */
package dev.cairn.hf.fit;
