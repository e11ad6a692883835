package dev.cairn.layout;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cairn.support.PythonScript;
import dev.cairn.tensor.Shape;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** That ranks hold what torch's own placements give them. Needs Python with torch. */
@Tag("python")
class TorchPlacementsTest {
  private static final int CASES = 400;

  private static final int SEED = 27;

  /** Says for each case what each rank's local tensor is, if element i of the tensor is i. */
  private static final String PROGRAM =
      """
      import itertools, sys, torch
      try:
          from torch.distributed.tensor import Shard
          from torch.distributed.tensor.placement_types import _StridedShard
      except ImportError as e:
          print(e)
          sys.exit(77)
      for line in open(sys.argv[1]):
          shape, mesh, placements = [field.split(",") for field in line.rstrip("\\n").split(";")]
          shape = [int(length) for length in shape]
          elements = 1
          for length in shape:
              elements *= length
          ranks = []
          for place in itertools.product(*[range(int(size)) for size in mesh]):
              local = torch.arange(elements).reshape(shape)
              for at, size, placement in zip(place, mesh, placements):
                  kind, *numbers = placement.split(" ")
                  numbers = [int(number) for number in numbers]
                  if kind == "R":
                      continue
                  shard = (Shard(numbers[0]) if kind == "S"
                           else _StridedShard(numbers[0], split_factor=numbers[1]))
                  local = shard._split_tensor(local, int(size), with_padding=False)[0][at]
              ranks.append(" ".join(str(i) for i in local.contiguous().flatten().tolist()))
          print(";".join(ranks))
      """;

  @TempDir private Path folder;

  private record Case(Shape shape, Mesh mesh, List<String> placements) {
    static Case random(Random random) {
      long[] shape = new long[1 + random.nextInt(3)];
      Arrays.setAll(shape, i -> random.nextInt(9));
      int[] mesh = new int[1 + random.nextInt(3)];
      Arrays.setAll(mesh, i -> 1 + random.nextInt(4));
      List<String> placements = new ArrayList<>();
      for (int i = 0; i < mesh.length; i++) {
        int dimension = random.nextInt(shape.length);
        placements.add(
            switch (random.nextInt(5)) {
              case 0 -> "R";
              case 1, 2 -> "S " + dimension;
              default -> "_S " + dimension + " " + (1 + random.nextInt(3));
            });
      }
      return new Case(Shape.of(shape), Mesh.of(mesh), placements);
    }

    String line() {
      String mesh = this.mesh.sizes().stream().map(String::valueOf).collect(joined());
      String shape =
          LongStream.of(this.shape.toArray()).mapToObj(String::valueOf).collect(joined());
      return shape + ";" + mesh + ";" + String.join(",", placements);
    }

    private static java.util.stream.Collector<CharSequence, ?, String> joined() {
      return Collectors.joining(",");
    }

    Layout layout() {
      return Layout.placements(mesh, placements.stream().map(Case::placement).toList());
    }

    private static Placement placement(String text) {
      String[] words = text.split(" ", -1);
      return switch (words[0]) {
        case "R" -> Placement.replicate();
        case "S" -> Placement.shard(Integer.parseInt(words[1]));
        default -> Placement.stridedShard(Integer.parseInt(words[1]), Integer.parseInt(words[2]));
      };
    }
  }

  @Test
  void everyRankHoldsTorchsLocalTensor() throws Exception {
    Random random = new Random(SEED);
    List<Case> cases = new ArrayList<>();
    for (int i = 0; i < CASES; i++) {
      cases.add(Case.random(random));
    }
    Path program = Files.writeString(folder.resolve("placements.py"), PROGRAM);
    Path given = Files.write(folder.resolve("cases"), cases.stream().map(Case::line).toList());
    String said =
        PythonScript.run("placements", folder.resolve("log"), 5, program, given.toString());
    List<String> answers = Arrays.asList(said.split("\n", -1)).subList(0, CASES);
    for (int i = 0; i < CASES; i++) {
      Case one = cases.get(i);
      List<String> ranks = new ArrayList<>();
      for (int rank = 0; rank < one.mesh().ranks(); rank++) {
        List<StridedRange> runs = one.layout().runs(one.shape(), rank, one.mesh().ranks());
        ranks.add(
            StridedRangeTest.elements(runs).stream()
                .map(String::valueOf)
                .collect(Collectors.joining(" ")));
      }
      assertEquals(answers.get(i), String.join(";", ranks), one.line());
    }
  }
}
