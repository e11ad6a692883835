/**
 * Cairn's public face: {@link dev.cairn.Checkpointer} saves the {@link
 * dev.cairn.model.ParameterSet} of a model that is spread over many ranks as one Hugging Face
 * folder.
 */
package dev.cairn;
