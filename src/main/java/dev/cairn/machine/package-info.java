/**
 * What a process gets from the machine it runs on, besides files: time, threads, waiting, and which
 * other processes live. Internal.
 */
package dev.cairn.machine;
