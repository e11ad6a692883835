package dev.cairn.save;

import dev.cairn.copy.BufferWorkers;
import dev.cairn.device.Device;
import dev.cairn.device.DeviceException;
import dev.cairn.device.HostMemory;
import dev.cairn.device.PinnedMemory;
import dev.cairn.device.ViewableMemory;
import dev.cairn.gpu.DeviceRun;
import dev.cairn.gpu.DeviceStaging;
import dev.cairn.layout.ElementRange;
import dev.cairn.layout.Layout;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.Partition;
import dev.cairn.options.SaveOptions;
import dev.cairn.plan.PlannedFile;
import dev.cairn.plan.PlannedTensor;
import dev.cairn.plan.SavePlan;
import dev.cairn.plan.Segment;
import dev.cairn.ranks.Ranks;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * A copy of what this rank is to write, cast to the saved dtype, in host memory that is kept from
 * one save to the next.
 *
 * <p>The copy is a set of parameters again, held as they will be saved and without padding: the
 * rest of the save is an ordinary one. A tensor that every rank holds is copied by its writer only.
 */
public final class Snapshot implements AutoCloseable {
  private static final int ALIGNMENT_BYTES = 64;
  private static final long PART_BYTES = 4L << 20;

  private ViewableMemory memory;

  /** Which elements of a partition are copied at once, and where the copy goes. */
  private record Part(int tensor, long heldElement, long elements, long offset) {}

  /** Allocates what a copy of these contents takes, its pages touched, if there is less by now. */
  public void reserve(SaveContext tools, SaveContents contents) {
    SavePlan plan = plan(tools, contents);
    List<Parameter> tensors = contents.tensors();
    tools.devices().prepare(tensors, tools.staging(), tools.options());
    Places places = new Places(plan, tools.ranks().rank(), copied(plan, tools.options()));
    reserve(places.lengthBytes, tools.devices().after(tensors));
  }

  private static SavePlan plan(SaveContext tools, SaveContents contents) {
    return SavePlan.of(contents.groups(tools.options()), tools.ranks().size());
  }

  /**
   * Copies as much as the options' budget allows. Not collective, and no other rank is waited for.
   *
   * @param moved is to be told when what was not copied is not needed any more
   */
  public SaveSource take(SaveContext tools, SaveContents contents, Runnable moved)
      throws IOException {
    List<Parameter> tensors = contents.tensors();
    if (!tensors.stream().allMatch(tensor -> tensor.partition().isInMemory())) {
      return new SaveSource(contents, contents.model(), new OverBudget(identities(tensors), moved));
    }
    SavePlan plan = plan(tools, contents);
    boolean[] copied = copied(plan, tools.options());
    Places places = new Places(plan, tools.ranks().rank(), copied);
    try {
      copyAll(tools, plan, tensors, places);
    } catch (DeviceException e) {
      tools.devices().failLater(e); // as the save itself will then say
      return SaveSource.borrowed(contents);
    }
    Set<Parameter> excess =
        identities(
            IntStream.range(0, copied.length)
                .filter(tensor -> !copied[tensor])
                .mapToObj(tensors::get)
                .toList());
    SaveContents copy = copy(contents, plan, tools.ranks(), copied, places.offsets);
    return new SaveSource(copy, contents.model(), new OverBudget(excess, moved));
  }

  private void copyAll(SaveContext tools, SavePlan plan, List<Parameter> tensors, Places places)
      throws IOException {
    tools.devices().prepare(tensors, tools.staging(), tools.options());
    Optional<DeviceStaging> device = tools.devices().after(tensors);
    reserve(places.lengthBytes, device);
    Iterator<Part> next = places.parts.iterator();
    try {
      BufferWorkers.run(
          tools.staging(),
          "cairn-snapshot",
          buffer -> {
            for (Part part = take(next); part != null; part = take(next)) {
              copy(tools, device, plan, tensors, part);
            }
          });
    } finally {
      device.ifPresent(DeviceStaging::settle);
    }
  }

  private static Set<Parameter> identities(List<Parameter> parameters) {
    Set<Parameter> set = Collections.newSetFromMap(new IdentityHashMap<>());
    set.addAll(parameters);
    return set;
  }

  /**
   * Returns which tensors are copied: in the order of the files, as many as fit on every rank. All
   * ranks find the same, without talking.
   */
  private static boolean[] copied(SavePlan plan, SaveOptions options) {
    boolean[] copied = new boolean[plan.tensors().size()];
    Arrays.fill(copied, true);
    if (options.snapshotBudgetBytes() == Long.MAX_VALUE) {
      return copied;
    }
    int[] order =
        plan.files().stream().flatMapToInt(file -> Arrays.stream(file.tensors())).toArray();
    int fitting = order.length;
    for (int rank = 0; rank < plan.worldSize(); rank++) {
      long[] ends = new Places(plan, rank, copied).ends;
      int place = 0;
      while (place < fitting && ends[order[place]] <= options.snapshotBudgetBytes()) {
        place++;
      }
      fitting = place;
    }
    Arrays.stream(order, fitting, order.length).forEach(tensor -> copied[tensor] = false);
    return copied;
  }

  /** Where a rank's segments of copied tensors go, one after the other. */
  private static final class Places {
    private final long[] offsets;
    private final long[] ends;
    private final List<Part> parts = new ArrayList<>();
    private long lengthBytes;

    Places(SavePlan plan, int rank, boolean[] copied) {
      offsets = new long[copied.length];
      ends = new long[copied.length];
      Iterator<Segment> segments = plan.segments(rank);
      Segment segment = segments.hasNext() ? segments.next() : null;
      for (PlannedFile file : plan.files()) {
        for (int tensor : file.tensors()) {
          if (copied[tensor] && plan.isInterleaved(tensor)) {
            begin(tensor);
            add(plan, tensor, 0, plan.sharedElements(tensor, rank));
          }
          for (; segment != null && segment.tensor() == tensor; segment = next(segments)) {
            if (copied[tensor]) {
              begin(tensor);
              add(plan, tensor, segment.partitionElementOffset(), segment.elements());
            }
          }
        }
      }
    }

    private static Segment next(Iterator<Segment> segments) {
      return segments.hasNext() ? segments.next() : null;
    }

    private void begin(int tensor) {
      if (ends[tensor] == 0) {
        lengthBytes = (lengthBytes + ALIGNMENT_BYTES - 1) / ALIGNMENT_BYTES * ALIGNMENT_BYTES;
        offsets[tensor] = lengthBytes;
      }
    }

    private void add(SavePlan plan, int tensor, long heldElement, long elements) {
      DType saved = plan.tensors().get(tensor).info().dtype();
      long most = PART_BYTES * 8 / Math.max(8, saved.bits());
      for (long first = 0; first < elements; first += most) {
        long count = Math.min(most, elements - first);
        parts.add(new Part(tensor, heldElement + first, count, lengthBytes + saved.bytes(first)));
      }
      lengthBytes += saved.bytes(elements);
      ends[tensor] = lengthBytes;
    }
  }

  /** Makes sure of enough memory, pinned if a GPU is to copy to it. */
  private void reserve(long lengthBytes, Optional<DeviceStaging> device) {
    boolean fits = memory != null && memory.lengthBytes() >= lengthBytes;
    if (!fits || (device.isPresent() && !(memory instanceof PinnedMemory))) {
      close();
      memory =
          device.isPresent()
              ? PinnedMemory.allocate(device.get().device(), Math.max(1, lengthBytes))
              : HostMemory.allocate(lengthBytes);
    }
  }

  private static Part take(Iterator<Part> next) {
    synchronized (next) {
      return next.hasNext() ? next.next() : null;
    }
  }

  private void copy(
      SaveContext tools,
      Optional<DeviceStaging> device,
      SavePlan plan,
      List<Parameter> tensors,
      Part part) {
    PlannedTensor tensor = plan.tensors().get(part.tensor());
    Partition partition = tensors.get(part.tensor()).partition();
    DType held = tensor.held();
    DType saved = tensor.info().dtype();
    long offset = held.bytes(part.heldElement());
    if (partition.isOnDevice()) {
      DeviceRun run = new DeviceRun(held, partition.address(offset), saved, part.elements());
      device.get().queue(List.of(run), memory.address() + part.offset());
      return;
    }
    ByteBuffer source = partition.view(offset, Math.toIntExact(held.bytes(part.elements())));
    ByteBuffer target = memory.view(part.offset(), Math.toIntExact(saved.bytes(part.elements())));
    // checksummed when it is written
    tools.kernels().cast(held, source, saved, target, Math.toIntExact(part.elements()));
  }

  private SaveContents copy(
      SaveContents contents, SavePlan plan, Ranks ranks, boolean[] copied, long[] offsets) {
    List<Parameter> all = new ArrayList<>();
    List<Parameter> given = contents.tensors();
    for (int tensor = 0; tensor < given.size(); tensor++) {
      all.add(
          copied[tensor]
              ? copied(given.get(tensor), plan, tensor, ranks, offsets[tensor])
              : given.get(tensor));
    }
    int modelTensors = contents.model().parameters().size();
    ParameterSet model = contents.model().with(all.subList(0, modelTensors));
    SaveContents copy = contents.withModel(model);
    List<Parameter> state = all.subList(modelTensors, all.size());
    return state.isEmpty()
        ? copy
        : copy.withState(contents.state().get().withTensors(ParameterSet.of(state)));
  }

  private Parameter copied(Parameter given, SavePlan plan, int tensor, Ranks ranks, long offset) {
    DType saved = plan.tensors().get(tensor).info().dtype();
    Layout layout = given.layout();
    if (plan.isInterleaved(tensor)) {
      layout = Layout.keptBy(plan.sharers(tensor), layout);
    } else if (layout.isReplicated() || layout.isListed()) {
      layout = writersLayout(plan, tensor, ranks.size());
    }
    long lengthBytes = saved.bytes(layout.validElements(given.shape(), ranks.rank(), ranks.size()));
    Partition partition = lengthBytes == 0 ? Partition.empty() : part(offset, lengthBytes);
    return new Parameter(given.name(), given.shape(), saved, layout, partition, given.isBuffer());
  }

  private Partition part(long offset, long lengthBytes) {
    return HostMemory.hasAddresses()
        ? Partition.of(memory.address() + offset, lengthBytes, Device.cpu())
        : Partition.of(memory.view(offset, Math.toIntExact(lengthBytes)));
  }

  /** Returns the layout in which every element is held by its writer alone. */
  private static Layout writersLayout(SavePlan plan, int tensor, int worldSize) {
    List<List<ElementRange>> rangesByRank = new ArrayList<>();
    for (int rank = 0; rank < worldSize; rank++) {
      rangesByRank.add(plan.written(tensor, rank));
    }
    return Layout.ranges(rangesByRank);
  }

  @Override
  public void close() {
    if (memory != null) {
      memory.close();
      memory = null;
    }
  }
}
