/** What lies in the files of one save: which there are, what each says, where its masters are. */
package dev.cairn.deepspeed.saved;
