"""Where the operations of one block stand when they are drawn: columns along the flow, lanes beside it.

The main path is found by going back from the last operation through first inputs. What comes in as a
second input (a shortcut, an attention branch) gets a lane of its own: above where it is a plain line or
one operation, below where it is longer. So a new kind of block is drawn without a line of code for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from attendnets.graph import Operation, TensorId


@dataclass(frozen=True)
class Node:
    """An operation at ``column`` (1 is the first behind the input) on ``lane`` (0 is the main path)."""

    operation: Operation
    column: float
    lane: int


@dataclass(frozen=True)
class Branch:
    """A path that leaves the flow behind column ``start`` and comes back at column ``end`` on ``lane``.

    ``nodes`` is how many operations are on it; ``from_lane`` and ``to_lane`` are where it begins and ends.
    """

    start: float
    end: float
    lane: int
    from_lane: int
    to_lane: int
    nodes: int


@dataclass(frozen=True)
class Layout:
    """All nodes and branches of one block; ``columns`` counts those that are needed."""

    nodes: tuple[Node, ...]
    branches: tuple[Branch, ...]
    columns: int

    def lanes(self) -> list[int]:
        """Lanes in use, top (negative) to bottom."""
        return sorted({0, *(branch.lane for branch in self.branches)})

    def on(self, lane: int) -> list[Node]:
        """The nodes of a lane."""
        return [node for node in self.nodes if node.lane == lane]


def arrange(operations: Sequence[Operation]) -> Layout:
    """Places for ``operations``, whose tensor 0 is the block's input."""
    return _Arrangement(operations).layout()


class _Arrangement:
    def __init__(self, operations: Sequence[Operation]) -> None:
        self.maker = {operation.output: operation for operation in operations}
        self.columns: dict[TensorId, float] = {0: 0.0}
        for operation in operations:
            self.columns[operation.output] = 1 + max(self.columns[tensor] for tensor in operation.inputs)
        self.lanes: dict[TensorId, int] = {0: 0}
        self.branches: list[Branch] = []
        self.last = operations[-1].output

    def layout(self) -> Layout:
        main = list(self._back_from(self.last))
        self.lanes.update(dict.fromkeys(main, 0))
        waiting = main[::-1]
        while waiting:
            tensor = waiting.pop(0)
            for source in self.maker[tensor].inputs[1:] if tensor else ():
                waiting += self._branch(source, tensor)
        nodes = tuple(
            Node(self.maker[tensor], self.columns[tensor], lane)
            for tensor, lane in sorted(self.lanes.items())
            if tensor
        )
        return Layout(nodes, tuple(self.branches), int(max(self.columns.values())))

    def _back_from(self, tensor: TensorId) -> Iterator[TensorId]:
        """``tensor`` and what leads to it through first inputs, up to the first that has a place."""
        while tensor not in self.lanes:
            yield tensor
            tensor = self.maker[tensor].inputs[0]

    def _branch(self, source: TensorId, end: TensorId) -> list[TensorId]:
        chain = list(self._back_from(source))[::-1]
        root = self.maker[chain[0]].inputs[0] if chain else source
        start, stop = self.columns[root], self.columns[end]
        merges = any(len(self.maker[tensor].inputs) > 1 for tensor in chain)
        lane = self._free_lane(start, stop, above=len(chain) <= 1 and not merges)
        for position, tensor in enumerate(chain, start=1):
            self.lanes[tensor] = lane
            # Spread over the way there is, but never before what another branch brings to a merge.
            if not merges:
                self.columns[tensor] = start + position * (stop - start) / (len(chain) + 1)
        self.branches.append(Branch(start, stop, lane, self.lanes[root], self.lanes[end], len(chain)))
        return chain

    def _free_lane(self, start: float, stop: float, *, above: bool) -> int:
        step = -1 if above else 1
        lane = step
        while any(b.lane == lane and b.start < stop and start < b.end for b in self.branches):
            lane += step
        return lane
