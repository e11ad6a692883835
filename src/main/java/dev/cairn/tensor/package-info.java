/** What a tensor is: its element type and its shape. Pure. */
package dev.cairn.tensor;
