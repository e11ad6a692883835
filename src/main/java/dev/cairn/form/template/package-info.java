/** Which tensors a config of a known family asks for. Pure. */
package dev.cairn.form.template;
