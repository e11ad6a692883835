/** Where the files of a model have what the model has in memory. Pure. */
package dev.cairn.form.place;
