/** What a trainer describes: its parameters, where each rank holds its part of them, its state. */
package dev.cairn.model;
