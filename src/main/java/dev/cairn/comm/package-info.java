/**
 * Ranks that talk: a control channel of small messages over Cairn's own TCP, bulk transports, and
 * how ranks find each other.
 */
package dev.cairn.comm;
