/**
 * What is this path? Looks once at the first bytes of a file or at the names in a folder, and says
 * what was found, why that does not work, and what to type next.
 */
package dev.cairn.input;
