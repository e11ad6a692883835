package dev.cairn.example;

import dev.cairn.layout.Layout;
import dev.cairn.layout.Mesh;
import dev.cairn.layout.Placement;
import java.util.List;

/** How ranks hold a Llama that is sharded by FSDP2 over tensor parallelism. */
public final class TensorParallel {
  private TensorParallel() {}

  /** Returns how 4 ranks hold a parameter: 2 by FSDP2 over 2 by tensor parallelism. */
  public static Layout layout(String name) {
    Mesh mesh = Mesh.of(2, 2); // FSDP2's dimension, then that of tensor parallelism
    if (name.endsWith("norm.weight")) {
      return Layout.placements(mesh, List.of(Placement.shard(0), Placement.replicate()));
    }
    if (name.endsWith("o_proj.weight") || name.endsWith("down_proj.weight")) { // rowwise
      return Layout.placements(mesh, List.of(Placement.shard(0), Placement.shard(1)));
    }
    return Layout.placements(mesh, List.of(Placement.stridedShard(0, 2), Placement.shard(0)));
  }
}
