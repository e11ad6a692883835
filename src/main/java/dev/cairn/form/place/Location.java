package dev.cairn.form.place;

import java.util.List;

/**
 * Where the files have a tensor that a model has in memory.
 *
 * @param name of the tensor in the files that is all of it; the first of several
 * @param isStored whether the files have it
 * @param places of its elements, if it is only a part of a tensor in the files or several of them
 *     are made of it; else empty
 */
public record Location(String name, boolean isStored, List<Place> places) {
  /**
   * Keeps the places.
   *
   * @param name not null
   * @param isStored whether all of it is there
   * @param places none if it is a tensor in the files
   */
  public Location {
    places = List.copyOf(places);
  }

  /** {@return whether a tensor in the files is this one, or would be} */
  public boolean isWhole() {
    return places.isEmpty();
  }
}
