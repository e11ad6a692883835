/**
 * Ranks that form a group and talk: {@link dev.cairn.comm.Communicator} is one rank's membership.
 *
 * <p>How a group is put together is here as well; its parts are in the packages below.
 */
package dev.cairn.comm;
