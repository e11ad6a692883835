/**
 * The control channel: small messages between all ranks in a star, whose middle, the hub, is on
 * rank 0; over Cairn's own TCP, or within one process.
 */
package dev.cairn.comm.control;
