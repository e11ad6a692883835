/** Which elements of a parameter each rank holds. Pure. */
package dev.cairn.layout;
