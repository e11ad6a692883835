/** What lies in the files of a base model and an adapter, read range by range as plain floats. */
package dev.cairn.peft.stored;
