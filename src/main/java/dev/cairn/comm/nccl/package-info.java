/** Ranks that are joined by NCCL, in a group of Cairn's own or over one that a trainer lends. */
package dev.cairn.comm.nccl;
