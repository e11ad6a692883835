package dev.cairn.save;

import dev.cairn.device.HostMemory;
import dev.cairn.hf.TiedNames;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.Partition;
import dev.cairn.ranks.Ranks;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Decides, the same on every rank, which tied weights a save leaves out.
 *
 * <p>An alias goes only if the config says {@code tie_word_embeddings: true} and the two are one:
 * declared so by the caller, in the same memory, or equal byte for byte on every rank. In every
 * other case both names are written: loaders take equal copies, but initialise a missing one at
 * random.
 */
final class TieDecision {
  private static final Logger LOG = System.getLogger(TieDecision.class.getName());
  private static final int BLOCK_BYTES = 1 << 20;

  private final Ranks ranks;
  private final ParameterSet parameters;
  private final ParameterSet given;
  private final FormAgreement.Agreed agreed;

  /** Prepares the decision. */
  TieDecision(Ranks ranks, SaveSource taken, FormAgreement.Agreed agreed) {
    this.ranks = ranks;
    this.agreed = agreed;
    this.parameters = taken.contents().model();
    this.given = taken.given();
  }

  /** Two parameters, as they were given, that may be one. */
  private record Pair(Parameter alias, Parameter canonical, boolean isDeclared) {
    boolean isOnHost() {
      return alias.partition().device().isCpu() && canonical.partition().device().isCpu();
    }
  }

  /** transformers loads what is stored twice; vLLM, for one, takes one for both. */
  private static void warn(Pair pair) {
    LOG.log(
        Level.WARNING,
        "the config ties {0} to {1}, and they differ: both are written, but some loaders take one"
            + " for both; set tie_word_embeddings to false if they are to be two",
        pair.alias().name(),
        pair.canonical().name());
  }

  /** Returns the parameters without the aliases that may go. Collective. */
  ParameterSet withoutAliases() throws IOException {
    List<Pair> pairs = pairs();
    if (pairs.isEmpty()) {
      return parameters;
    }
    List<byte[]> votes = ranks.together(() -> votes(pairs));
    Set<String> dropped = new HashSet<>();
    for (int index = 0; index < pairs.size(); index++) {
      int pair = index;
      // ranks that disagree about the pairs are told so when plans are compared
      boolean isOne = votes.stream().allMatch(vote -> pair < vote.length && vote[pair] != 0);
      if (isOne) {
        if (!dropped.contains(pairs.get(index).canonical().name())) {
          dropped.add(pairs.get(index).alias().name());
        }
      } else if (ranks.isWriter() && agreed.ties() && pairs.get(index).isOnHost()) {
        warn(pairs.get(index));
      }
    }
    return parameters.without(dropped);
  }

  private List<Pair> pairs() {
    Map<String, Parameter> byName = new HashMap<>();
    given.parameters().forEach(parameter -> byName.put(parameter.name(), parameter));
    Map<String, String> maybe = new TreeMap<>(agreed.form().tied());
    if (agreed.ties()) {
      TiedNames.find(byName.keySet())
          .ifPresent(names -> maybe.putIfAbsent(names.alias(), names.canonical()));
    }
    List<Pair> pairs = new ArrayList<>();
    if (agreed.ties()) {
      new TreeMap<>(parameters.tied())
          .forEach(
              (alias, canonical) -> {
                boolean isKnownReversed = alias.equals(maybe.get(canonical));
                String left = isKnownReversed ? canonical : alias; // as loaders expect it
                String stays = isKnownReversed ? alias : canonical;
                pairs.add(new Pair(byName.get(left), byName.get(stays), true));
                maybe.remove(left);
              });
    }
    maybe.forEach(
        (alias, canonical) -> {
          Parameter first = byName.get(alias);
          Parameter second = byName.get(canonical);
          if (first != null && second != null && sameKind(first, second)) {
            pairs.add(new Pair(first, second, parameters.tied().containsKey(alias)));
          }
        });
    return pairs;
  }

  private static boolean sameKind(Parameter alias, Parameter canonical) {
    return alias.shape().equals(canonical.shape())
        && alias.held() == canonical.held()
        && alias.layout().describe().equals(canonical.layout().describe());
  }

  private byte[] votes(List<Pair> pairs) throws IOException {
    byte[] votes = new byte[pairs.size()];
    for (int index = 0; index < votes.length; index++) {
      Pair pair = pairs.get(index);
      boolean isOne = pair.isDeclared() || sameMemory(pair) || sameBytes(pair);
      votes[index] = (byte) (isOne ? 1 : 0);
    }
    return votes;
  }

  /** Returns whether the trainer has both in one place; what a snapshot copied does not matter. */
  private static boolean sameMemory(Pair pair) {
    return pair.alias().partition().isSameMemory(pair.canonical().partition());
  }

  private boolean sameBytes(Pair pair) throws IOException {
    Parameter first = parameters.named(pair.alias().name());
    Parameter second = parameters.named(pair.canonical().name());
    if (!sameKind(first, second)) {
      return false; // copied by different ranks: there is nothing to compare
    }
    Partition a = first.partition();
    Partition b = second.partition();
    if (!pair.isOnHost()) {
      return false;
    }
    long validBytes = first.validBytes(ranks.rank(), ranks.size()); // padding may differ
    if (a.lengthBytes() < validBytes || b.lengthBytes() < validBytes) {
      return false; // a wrong partition: refused when the plan is made
    }
    try (HostMemory memory = HostMemory.allocate(2L * BLOCK_BYTES)) {
      for (long offset = 0; offset < validBytes; offset += BLOCK_BYTES) {
        int blockBytes = (int) Math.min(BLOCK_BYTES, validBytes - offset);
        ByteBuffer block = block(a, offset, memory.view(0, blockBytes));
        if (!block.equals(block(b, offset, memory.view(BLOCK_BYTES, blockBytes)))) {
          return false;
        }
      }
      return true;
    }
  }

  /** Returns bytes of a partition: where they lie, or read into {@code target}. */
  private static ByteBuffer block(Partition partition, long offset, ByteBuffer target)
      throws IOException {
    if (partition.isInMemory()) {
      return partition.view(offset, target.remaining());
    }
    partition.read(offset, target);
    return target.flip();
  }
}
