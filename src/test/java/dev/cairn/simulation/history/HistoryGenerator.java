package dev.cairn.simulation.history;

import dev.cairn.RunOptions;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveMode;
import dev.cairn.simulation.scheduling.Phase;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Draws a history from a seed: one or two jobs that faults strike, then one that nothing disturbs.
 *
 * <p>Which faults, is drawn first, all cells alike; the calls are then such that they can strike.
 */
public final class HistoryGenerator {
  /** Of one history, in all its jobs. */
  private static final int MOST_THEMES = 4;

  private static final Set<DiskCall> RARE = EnumSet.of(DiskCall.RENAME, DiskCall.EXCHANGE);
  private static final double[] SWITCH_RATES = {0, 0.02, 0.1, 0.3};
  private static final int[] RANKS = {1, 2, 2, 2, 3, 3, 3, 4, 5};
  private static final List<Map.Entry<Phase, FaultKind>> CELLS = cells();

  private final long seed;
  private final SplittableRandom random;
  private final CallGenerator calls;
  private int themes;

  private HistoryGenerator(long seed) {
    this.seed = seed;
    this.random = new SplittableRandom(seed * 0x9E3779B97F4A7C15L + 1);
    this.calls = new CallGenerator(random);
  }

  private static List<Map.Entry<Phase, FaultKind>> cells() {
    List<Map.Entry<Phase, FaultKind>> cells = new ArrayList<>();
    Cells.all().forEach((phase, kinds) -> kinds.forEach(kind -> cells.add(Map.entry(phase, kind))));
    return cells;
  }

  public static History draw(long seed) {
    return new HistoryGenerator(seed).history();
  }

  private History history() {
    List<Generation> generations = new ArrayList<>();
    int count = 1 + random.nextInt(2);
    for (int index = 0; index < count; index++) {
      generations.add(generation());
    }
    generations.add(recovery());
    return new History(
        seed, SWITCH_RATES[random.nextInt(SWITCH_RATES.length)], random.nextBoolean(), generations);
  }

  private boolean chance(int percent) {
    return random.nextInt(100) < percent;
  }

  /** Returns what is to strike, the deadly last; over many seeds every cell as often as others. */
  private List<Map.Entry<Phase, FaultKind>> themes() {
    List<Map.Entry<Phase, FaultKind>> drawn = new ArrayList<>();
    int count = chance(4) ? 0 : chance(20) ? 1 : 2;
    for (int index = 0; index < count; index++) {
      int cell = Math.floorMod(seed * MOST_THEMES + themes++, CELLS.size());
      drawn.add(chance(6) ? Map.entry(Phase.COMMIT, FaultKind.POWER_CUT) : CELLS.get(cell));
    }
    drawn.sort(Comparator.comparing(theme -> isDeadly(theme.getValue())));
    return drawn;
  }

  private static boolean isDeadly(FaultKind kind) {
    return kind.isLate() || kind == FaultKind.RANK_DIES || kind == FaultKind.POWER_CUT;
  }

  private Generation generation() {
    List<Map.Entry<Phase, FaultKind>> drawn = themes();
    Setup setup = setup(drawn);
    int ranks = RANKS[random.nextInt(RANKS.length)];
    List<List<Call>> byRank = calls.begin(ranks, ranks > 1 && chance(25));
    List<Fault> faults = new ArrayList<>();
    for (Map.Entry<Phase, FaultKind> theme : drawn) {
      if (chance(40)) {
        calls.addAny(byRank);
      }
      Call call = calls.addFor(byRank, theme.getKey(), theme.getValue());
      faults.add(fault(call, theme.getKey(), theme.getValue(), ranks));
    }
    calls.addAny(byRank);
    if (chance(50)) {
      calls.addAny(byRank);
    }
    return new Generation(setup, byRank, faults, chance(75));
  }

  /** A job that nothing disturbs: it goes on from whatever was left. */
  private Generation recovery() {
    List<List<Call>> byRank = calls.begin(RANKS[random.nextInt(RANKS.length)], false);
    calls.addToAll(byRank, CallKind.RESTORE);
    calls.addToAll(byRank, CallKind.SAVE);
    calls.addToAll(byRank, CallKind.LATEST);
    Setup setup = Setup.simple(SaveMode.PARALLEL, Durability.DURABLE);
    return new Generation(setup, byRank, List.of(), true);
  }

  private Setup setup(List<Map.Entry<Phase, FaultKind>> themes) {
    int mode = random.nextInt(5);
    boolean retains = themes.stream().anyMatch(theme -> theme.getKey() == Phase.RETAIN);
    boolean prunes = themes.stream().anyMatch(theme -> theme.getKey() == Phase.PRUNE);
    return new Setup(
        mode < 2 ? SaveMode.GATHER : mode < 4 ? SaveMode.PARALLEL : SaveMode.AUTO,
        durability(themes),
        chance(30),
        chance(40) ? 40 : 1 << 20,
        chance(70) ? Long.MAX_VALUE : random.nextInt(3) * 40L,
        1 + random.nextInt(2),
        retains || (!prunes && chance(40)) ? 1 + random.nextInt(2) : 0,
        !retains && chance(20) ? 2 : 0,
        chance(70) ? RunOptions.WhenBusy.WAIT : RunOptions.WhenBusy.REFUSE);
  }

  /** Nothing is forced unless a save is durable; files of one that is are closed after that. */
  private Durability durability(List<Map.Entry<Phase, FaultKind>> themes) {
    Set<FaultKind> ofForcing = EnumSet.of(FaultKind.FORCE_FAILS, FaultKind.FORCE_LATE);
    Set<FaultKind> ofClosing = EnumSet.of(FaultKind.CLOSE_FAILS, FaultKind.CLOSE_LATE);
    for (Map.Entry<Phase, FaultKind> theme : themes) {
      if (theme.getKey() == Phase.FORCE || ofForcing.contains(theme.getValue())) {
        return chance(80) ? Durability.DURABLE : Durability.DURABLE_DIRECT;
      }
      if (theme.getKey() == Phase.COPY && ofClosing.contains(theme.getValue())) {
        return Durability.FAST;
      }
    }
    int durability = random.nextInt(8);
    return durability < 5
        ? Durability.DURABLE
        : durability < 6 ? Durability.DURABLE_DIRECT : Durability.FAST;
  }

  private Fault fault(Call call, Phase phase, FaultKind kind, int ranks) {
    int rank = Cells.isRankZeros(phase, kind) || chance(40) ? 0 : random.nextInt(ranks);
    int nth = chance(80) ? 0 : chance(70) ? random.nextInt(3) : random.nextInt(8);
    if (kind.isOfAnyStep()) {
      nth = random.nextInt(phase == Phase.COMMIT ? 16 : chance(50) ? 1 : 4);
    } else if (kind.call().filter(RARE::contains).isPresent()) {
      nth = chance(95) ? 0 : 1;
    }
    return new Fault(kind, call.slot(), phase, rank, nth, moment(kind));
  }

  /** What fails of these has not been done. */
  private Fault.Moment moment(FaultKind kind) {
    boolean isAllOrNothing =
        kind == FaultKind.RENAME_FAILS
            || kind == FaultKind.EXCHANGE_FAILS
            || kind == FaultKind.FOLDER_FAILS;
    Fault.Moment[] moments = Fault.Moment.values();
    return isAllOrNothing ? Fault.Moment.BEFORE : moments[random.nextInt(moments.length)];
  }
}
