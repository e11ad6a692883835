/**
 * What goes where: from names, shapes, dtypes, layouts and the world size to the byte ranges of the
 * final files that every rank writes. Pure, and the same on every rank.
 */
package dev.cairn.plan;
