/** Model folders as Hugging Face libraries read and write them: opened, described, checked. */
package dev.cairn.hf;
