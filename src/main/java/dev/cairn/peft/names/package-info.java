/** The names that PEFT gives to what it adds to a model, in memory and in an adapter file. */
package dev.cairn.peft.names;
