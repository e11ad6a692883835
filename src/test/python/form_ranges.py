"""Tensors as element ranges of other tensors: cut, joined and turned without their bytes."""

import math


class Tensor:
    """A tensor as ranges of others: (source, start, count) in elements, one after the other."""

    def __init__(self, shape, ranges):
        self.shape, self.ranges = list(shape), ranges

    def cut(self, start, count):
        found = []
        for source, first, size in self.ranges:
            low, high = max(start, 0), min(start + count, size)
            if low < high:
                found.append((source, first + low, high - low))
            start -= size
        return found

    def pieces(self, dim, sizes):
        """Cut along a dimension."""
        outer, inner, start, found = math.prod(self.shape[:dim]), math.prod(self.shape[dim + 1 :]), 0, []
        for size in sizes:
            ranges = []
            for row in range(outer):
                ranges += self.cut((row * self.shape[dim] + start) * inner, size * inner)
            found.append(Tensor(self.shape[:dim] + [size] + self.shape[dim + 1 :], ranges))
            start += size
        return found

    def chunks(self, count, dim):
        total = self.shape[dim]
        size = max(1, math.ceil(total / count))
        return self.pieces(dim, [min(size, total - start) for start in range(0, total, size)])

    def reshape(self, shape):
        return Tensor(shape, self.ranges)

    def squeeze(self):
        return self.reshape([size for size in self.shape if size != 1])

    def swap(self, dim):
        """Transpose a dimension and the next."""
        outer, inner = math.prod(self.shape[:dim]), math.prod(self.shape[dim + 2 :])
        rows, columns = self.shape[dim : dim + 2]
        ranges = []
        for block in range(outer):
            for column in range(columns):
                for row in range(rows):
                    ranges += self.cut(((block * rows + row) * columns + column) * inner, inner)
        return Tensor(self.shape[:dim] + [columns, rows] + self.shape[dim + 2 :], ranges)

    def coalesced(self):
        found = []
        for source, start, count in self.ranges:
            if found and found[-1][0] == source and found[-1][1] + found[-1][2] == start:
                start, count = found[-1][1], found.pop()[2] + count
            found.append((source, start, count))
        return found


def joined(tensors, dim):
    """Concatenate along a dimension."""
    shape = list(tensors[0].shape)
    shape[dim] = sum(tensor.shape[dim] for tensor in tensors)
    ranges = []
    for row in range(math.prod(shape[:dim])):
        for tensor in tensors:
            size = math.prod(tensor.shape[dim:])
            ranges += tensor.cut(row * size, size)
    return Tensor(shape, ranges)
