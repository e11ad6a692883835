/** The small files beside a model's weights: which of them a model that is made from it gets. */
package dev.cairn.hf.files;
