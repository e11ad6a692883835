/** How ranks find each other: how rank 0's control address reaches all others. */
package dev.cairn.comm.rendezvous;
