/** Where the elements of a tensor lie in a checkpoint's files, and the reading of them. */
package dev.cairn.content;
