/** JSON as a tree that keeps number tokens verbatim. Pure. */
package dev.cairn.json;
