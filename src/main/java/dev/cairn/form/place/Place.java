package dev.cairn.form.place;

/**
 * Elements that a tensor in memory and one of the files have in common, one after the other in
 * both.
 *
 * @param stored name of the tensor in the files
 * @param storedBegin its first element
 * @param memoryBegin first element of the tensor in memory
 * @param elements how many
 */
public record Place(String stored, long storedBegin, long memoryBegin, long elements) {}
