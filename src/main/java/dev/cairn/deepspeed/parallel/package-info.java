/** How DeepSpeed splits parameters over tensor-parallel ranks, and experts over expert ranks. */
package dev.cairn.deepspeed.parallel;
