"""Decision diagrams: a whole function over enumerated variables as one small shared graph.

A node asks one variable and has one child per value; variables are asked in a fixed order, equal nodes are one node,
and a node whose children are all the same is left out. So two functions are equal exactly when their node numbers are,
and questions about all combinations (some 10^12 in the shipped policy) become walks over a few hundred nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

Node = int
Operation = Callable[[int, int], int]
MAX_NODES = 100_000


class TooEntangled(Exception):
    """The function has no diagram of `MAX_NODES` nodes or fewer."""


class Diagrams:
    """Builds diagrams over variables 0..n-1, where variable i has the values 0..sizes[i]-1; leaves are whole numbers.

    Raises `TooEntangled` beyond `MAX_NODES`: a function that has no small diagram.
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        self._sizes = tuple(sizes)
        self._parts: list[tuple[int, tuple[int, ...]]] = []
        self._numbers: dict[tuple[int, tuple[int, ...]], Node] = {}
        self._combined: dict[Operation, dict[tuple[Node, Node], Node]] = {}

    def leaf(self, value: int) -> Node:
        return self._number(len(self._sizes), (value,))

    def choice(self, variable: int, values: Collection[int]) -> Node:
        """1 where the variable has one of the values, else 0."""
        return self._node(variable, tuple(self.leaf(value in values) for value in range(self._sizes[variable])))

    def combine(self, operation: Operation, first: Node, second: Node) -> Node:
        """The function whose leaf is `operation(leaf of first, leaf of second)` everywhere.

        What an operation made of two nodes is remembered: hand in the same function, not an equal new one.
        """
        done = self._combined.setdefault(operation, {})
        parts, sizes = self._parts, self._sizes

        def walk(one: Node, two: Node) -> Node:
            known = done.get((one, two))
            if known is not None:
                return known
            (top, of_one), (var_two, of_two) = parts[one], parts[two]
            if top < var_two:
                of_two = (two,) * sizes[top]
            elif var_two < top:
                top, of_one = var_two, (one,) * sizes[var_two]
            elif top == len(sizes):
                made = done[one, two] = self.leaf(operation(of_one[0], of_two[0]))
                return made
            made = done[one, two] = self._node(top, tuple(map(walk, of_one, of_two)))
            return made

        return walk(first, second)

    def fixed(self, node: Node, variable: int, value: int) -> Node:
        """The function with one variable held at a value."""
        done: dict[Node, Node] = {}

        def walk(at: Node) -> Node:
            top, children = self._parts[at]
            if top > variable:
                return at
            if top == variable:
                return children[value]
            if at not in done:
                done[at] = self._node(top, tuple(walk(child) for child in children))
            return done[at]

        return walk(node)

    def find(self, wanted: Callable[[int, int], bool], first: Node, second: Node) -> dict[int, int] | None:
        """Values of variables, lowest first, under which the two leaves are as wanted; None when there are none.

        Variables that are not named may have any value.
        """
        seen: set[tuple[Node, Node]] = set()

        def walk(one: Node, two: Node) -> dict[int, int] | None:
            if (one, two) in seen:
                return None
            seen.add((one, two))
            (var_one, of_one), (var_two, of_two) = self._parts[one], self._parts[two]
            top = min(var_one, var_two)
            if top == len(self._sizes):
                return {} if wanted(of_one[0], of_two[0]) else None
            pairs = zip(self._children(one, top), self._children(two, top), strict=True)
            for value, pair in enumerate(pairs):
                found = walk(*pair)
                if found is not None:
                    return {top: value, **found}
            return None

        return walk(first, second)

    def at(self, node: Node, values: dict[int, int]) -> int:
        """The leaf under these values; a variable that is not named has its value 0."""
        variable, children = self._parts[node]
        while variable < len(self._sizes):
            variable, children = self._parts[children[values.get(variable, 0)]]
        return children[0]

    def _children(self, node: Node, variable: int) -> tuple[Node, ...]:
        own, children = self._parts[node]
        return children if own == variable else (node,) * self._sizes[variable]

    def _node(self, variable: int, children: tuple[Node, ...]) -> Node:
        return children[0] if len(set(children)) == 1 else self._number(variable, children)

    def _number(self, variable: int, children: tuple[int, ...]) -> Node:
        parts = (variable, children)
        if parts not in self._numbers:
            if len(self._parts) >= MAX_NODES:
                raise TooEntangled
            self._numbers[parts] = len(self._parts)
            self._parts.append(parts)
        return self._numbers[parts]
