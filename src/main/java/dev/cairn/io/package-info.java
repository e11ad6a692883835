/**
 * Files and folders: positioned writes, forces, renames, and checked reads of safetensors files.
 */
package dev.cairn.io;
