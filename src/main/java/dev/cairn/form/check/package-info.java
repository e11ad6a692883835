/** Tells whether tensors are the model that loaders expect. Pure. */
package dev.cairn.form.check;
