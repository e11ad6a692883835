/** Where the elements of a parameter lie in the files of a DeepSpeed checkpoint. */
package dev.cairn.deepspeed.content;
