/**
 * What ranks talk over: the channel for small messages, the one for bulk data, how long they wait
 * and how they fail; and what a trainer can lend for it. Types only.
 */
package dev.cairn.comm.channel;
