package dev.cairn.form;

/** A tensor that cannot be published by taking runs of elements. */
public final class UnpublishableException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  UnpublishableException(String message) {
    super(message);
  }
}
