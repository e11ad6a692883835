/**
 * What a process gets from the machine it runs on, besides files: time, threads, waiting, and which
 * other processes live; and how several things are closed together. Internal.
 */
package dev.cairn.machine;
