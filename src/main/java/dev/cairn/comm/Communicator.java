package dev.cairn.comm;

import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.channel.Control;
import dev.cairn.comm.channel.KeyValueStore;
import dev.cairn.comm.channel.MessageGroup;
import dev.cairn.comm.channel.NcclLoan;
import dev.cairn.comm.channel.Timeouts;
import dev.cairn.comm.channel.Transport;
import dev.cairn.comm.control.Origin;
import dev.cairn.comm.control.Run;
import dev.cairn.comm.rendezvous.LentStoreRendezvous;
import dev.cairn.comm.rendezvous.NetworkVariables;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One rank's membership in a fixed group of ranks.
 *
 * <p>Calls marked <em>collective</em> are made by every rank, in the same order, each rank by one
 * thread at a time. {@link Control#cancel}, {@link Control#failure} and the rest may be called by
 * any thread.
 */
public interface Communicator extends AutoCloseable {
  /**
   * Returns who this is.
   *
   * @return this rank's number, from 0
   */
  int rank();

  /**
   * Returns how many ranks there are.
   *
   * @return the world size, 1 or more
   */
  int size();

  /**
   * Returns the channel for small messages.
   *
   * @return always the same one; it belongs to this communicator
   */
  Control control();

  /**
   * Loads what transports need, so that making the first one does not pay for it in time and
   * memory. Not collective; sends nothing.
   *
   * @throws CommunicationException if it cannot be loaded; {@link #transport} will say the same
   */
  void preload() throws CommunicationException;

  /**
   * Returns the channel for bulk data, the same one until it is cancelled or fails, then a new one.
   * Collective.
   *
   * <p>The first call may take seconds, because it may load native libraries. The transport belongs
   * to this communicator and is closed with it. Asking for a new one after a cancellation is {@link
   * Control#begin the beginning of the next operation}.
   *
   * @return a transport that was usable on every rank when all had called
   * @throws CommunicationException on every rank, naming the rank that could not open its side
   */
  Transport transport() throws CommunicationException;

  /**
   * Sends nothing more over a {@link MessageGroup} that the trainer has lent: the next transport is
   * Cairn's own. Called by every rank before the communicator is used in the background. Sends
   * nothing.
   */
  default void withdrawLent() {}

  /**
   * Lends an NCCL communicator of the trainer's: saves that the caller waits for gather over it
   * what is on GPUs, in place of one that Cairn would make. Collective. A save in the background
   * never uses NCCL.
   *
   * <p>It is only used inside such a save, after the work that is queued on the partitions'
   * streams, and nothing else may use it meanwhile. It is never destroyed or aborted by Cairn; end
   * the loan by closing what is returned here, or by lending another one, before it is destroyed.
   *
   * <p>If a save fails, Cairn waits a few seconds for what it has queued. What all ranks have
   * queued ends by itself, as with a full disk, and the communicator is as good as before. Where a
   * rank has died, was stopped, or could not queue its part, the others' collective stays
   * unfinished, as it would in training. The loan is then {@linkplain NcclLoan#isOpen not open} any
   * more on any rank, and the trainer has to abort its communicator, before it frees memory of the
   * GPU or synchronizes with it: until then the collective holds up both. So long Cairn keeps the
   * memory of its buckets and of checkpointers that are closed, and refuses to gather from GPUs
   * again. After that, saves are gathered over a communicator of Cairn's own, or another one that
   * is lent.
   *
   * @param handle the {@code ncclComm_t}: {@code address()} of an {@code ncclComm} of Bytedeco, or
   *     {@code getCommPtr()} of a {@code ProcessGroupNCCL}; with the ranks of this communicator by
   *     the same numbers, and a GPU of each rank's own, on which its partitions are
   * @return the loan: tells whether it still holds, and ends it
   * @throws CommunicationException on every other rank, if on any rank the handle is none, has
   *     another rank or size, or NCCL has found an error in it
   * @throws IllegalArgumentException on a rank whose handle is none or has another rank or size
   * @throws IllegalStateException on a rank where NCCL cannot be used, with the reason
   */
  NcclLoan lendNccl(long handle) throws CommunicationException;

  /**
   * Returns the NCCL communicator that the trainer has lent last.
   *
   * @return the loan, if there was one; it may be over
   */
  Optional<NcclLoan> lentNccl();

  /**
   * Returns why this group is of no use any more, as far as this rank knows by now: the network
   * broke, a rank died or left. Every collective call throws then, for good. Close checkpointer and
   * communicator, join again and open another checkpointer. A save that failed for another reason,
   * as a full disk, does not show here. Any thread.
   *
   * @return what broke it; nothing if all is well
   */
  default Optional<CommunicationException> unusable() {
    return control().unusable();
  }

  /**
   * Leaves the group and frees everything; the other ranks learn that this one left. Meant to
   * follow a collective, so that nobody still waits for this rank. May be called twice.
   */
  @Override
  void close();

  /**
   * Returns the only rank of a group of one.
   *
   * @return rank 0 of 1, which needs no other process
   */
  static Communicator single() {
    return inProcess(1).get(0);
  }

  /**
   * Returns the members of a group whose ranks are threads of this process, in rank order. For
   * tests, and for a process that plays every rank.
   *
   * @param size how many, 1 or more
   * @return one communicator for each rank, for one thread each
   */
  static List<Communicator> inProcess(int size) {
    return InProcess.group(size, Timeouts.defaults());
  }

  /**
   * Joins the group that this process's environment describes. Collective, in that every rank has
   * to join before the timeout.
   *
   * <p>RANK and WORLD_SIZE say who this is, or what Open MPI, MPICH, Intel MPI and Slurm set in
   * their place. Ranks find each other through the directory that CAIRN_RENDEZVOUS names (one
   * host), or through a store at MASTER_ADDR: torchrun's own, or one that rank 0 hosts on
   * CAIRN_PORT (by default MASTER_PORT + 1). Under Slurm address and port follow from the job's
   * step; MPI's launchers leave both to the user. CAIRN_PORTS narrows the ports that Cairn listens
   * on, CAIRN_INTERFACE names another network than MASTER_ADDR's. {@link Timeouts#fromEnvironment}
   * tells which variables set the timeouts.
   *
   * <p>Two runs that were sent to one place never become one group. CAIRN_RUN_ID names the run, the
   * same on every rank; where it is not set, what torchrun, PMIx, Open MPI, PMI or Slurm call the
   * run, its step and its restart. A rank that meets another run is told so at once. Runs that
   * nobody names look alike: when two processes claim the same rank, also after the group is
   * complete until CAIRN_TIMEOUT_SECONDS have passed since rank 0 began, nobody can tell which one
   * belongs to it, and the whole group fails. So long rank 0 keeps the port, or the file in the
   * directory.
   *
   * @return this process's rank in the complete group
   * @throws CommunicationException if ranks are missing at the timeout, naming them; if this is the
   *     place of another run, naming both; if two processes claim one rank
   * @throws IllegalArgumentException if a variable is missing or wrong, naming it
   */
  static Communicator fromEnvironment() throws CommunicationException {
    return fromEnvironment(System.getenv());
  }

  /**
   * Joins the group that these variables describe, as {@link #fromEnvironment()} does.
   *
   * @param variables taken in place of the process's environment
   * @return this process's rank in the complete group
   * @throws CommunicationException if ranks are missing at the timeout, naming them
   * @throws IllegalArgumentException if a variable is missing or wrong, naming it
   */
  static Communicator fromEnvironment(Map<String, String> variables) throws CommunicationException {
    return new Environment(variables).join();
  }

  /**
   * Joins a group whose ranks all reach a store that the caller lends. Collective, in that every
   * rank has to join before the timeout; a store serves one such call of each rank at a time.
   * CAIRN_PORTS and CAIRN_INTERFACE hold as in {@link #fromEnvironment()}.
   *
   * @param store borrowed until this returns; it keeps one key, {@code cairn/rank0}
   * @param rank this rank's number, from 0
   * @param size how many ranks there are; a group of one does not use the store
   * @param rankZeroHost name or address by which the other ranks reach rank 0's host, usually
   *     MASTER_ADDR; the one given on rank 0 counts
   * @param timeouts how long ranks wait for each other
   * @return this process's rank in the complete group
   * @throws CommunicationException if ranks are missing at the timeout, naming them
   * @throws IllegalArgumentException if {@code rank} is outside [0, size)
   */
  static Communicator over(
      KeyValueStore store, int rank, int size, String rankZeroHost, Timeouts timeouts)
      throws CommunicationException {
    if (rank < 0 || rank >= size) {
      throw new IllegalArgumentException(
          "rank outside the group: rank=%d, size=%d".formatted(rank, size));
    }
    if (size == 1) {
      return InProcess.group(1, timeouts).get(0);
    }
    return new TcpGroup(
            Origin.of(Run.UNKNOWN), // The store is the trainer's own: it tells runs apart.
            rank,
            size,
            timeouts,
            new LentStoreRendezvous(store, rankZeroHost),
            Optional.empty(),
            NetworkVariables.listening(System.getenv()))
        .join();
  }

  /**
   * Joins a group whose ranks all have a group of the trainer's already. Collective, in that every
   * rank has to join before the timeout.
   *
   * <p>Its messages carry the bulk of saves that the caller waits for. From the first save in the
   * background on, and after any failure, Cairn makes a group of its own instead.
   *
   * @param store through which ranks meet; borrowed until this returns
   * @param group says who this is; borrowed until the communicator is closed, used only while a
   *     collective call runs, never closed here
   * @param rankZeroHost name or address by which the other ranks reach rank 0's host; the one given
   *     on rank 0 counts
   * @param timeouts how long ranks wait for each other
   * @return this process's rank in the complete group
   * @throws CommunicationException if ranks are missing at the timeout, naming them
   */
  static Communicator over(
      KeyValueStore store, MessageGroup group, String rankZeroHost, Timeouts timeouts)
      throws CommunicationException {
    if (group.size() == 1) {
      return InProcess.group(1, timeouts).get(0);
    }
    LentStoreRendezvous rendezvous = new LentStoreRendezvous(store, rankZeroHost);
    return new TcpGroup(
            Origin.of(Run.UNKNOWN),
            group.rank(),
            group.size(),
            timeouts,
            rendezvous,
            Optional.of(group),
            NetworkVariables.listening(System.getenv()))
        .join();
  }
}
