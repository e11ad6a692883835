/**
 * The generation config of a model: what loaders and transformers' strict save take. Pure but for
 * reading files.
 */
package dev.cairn.hf.generation;
