"""Rules of the `data_visualization` block's charts.

https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block
"""

from collections.abc import Iterator
from math import isfinite
from typing import Any, Final

from sandbox.block_rules import Check, anything, fault, fields, items, number, string, typed

MAX_SERIES: Final = 6
MAX_CATEGORIES: Final = 20
_LABEL: Final = string(20, 1)
_TITLE: Final = string(50)


def finite(value: Any, pointer: str) -> Iterator[str]:
    yield from number(value, pointer)
    if isinstance(value, float) and not isfinite(value):
        yield fault("must be a finite number", pointer)


def _positive(value: Any, pointer: str) -> Iterator[str]:
    yield from finite(value, pointer)
    if isinstance(value, int | float) and value <= 0:
        yield fault("must be greater than 0", pointer)


def _matching(value: Any, pointer: str) -> Iterator[str]:
    """Series have names of their own, and each has one point for each category, in their order."""
    axis, series = value.get("axis_config"), value.get("series")
    if not isinstance(axis, dict) or not isinstance(series, list):
        return
    named = [one for one in series if isinstance(one, dict)]
    if len({one.get("name") for one in named}) < len(named):
        yield fault("series names must be unique", f"{pointer}/series")
    for index, one in enumerate(named):
        points = one.get("data")
        labels = [point.get("label") for point in points if isinstance(point, dict)] if isinstance(points, list) else []
        if labels != axis.get("categories"):
            yield fault("labels must match axis_config.categories", f"{pointer}/series/{index}/data")


_POINT: Final = fields({"label": _LABEL, "value": finite})
_SERIES: Final = fields({"name": _LABEL, "data": items(_POINT, 1, MAX_CATEGORIES)})
_AXES: Final = fields({"categories": items(_LABEL, 1, MAX_CATEGORIES)}, {"x_label": _TITLE, "y_label": _TITLE})
_XY: Final = fields({"type": anything, "series": items(_SERIES, 1, MAX_SERIES), "axis_config": _AXES}, {}, _matching)
_SEGMENT: Final = fields({"label": _LABEL, "value": _positive})

_KINDS: Final[dict[str, Check]] = {
    "line": _XY,
    "bar": _XY,
    "area": _XY,
    "pie": fields({"type": anything, "segments": items(_SEGMENT, 1, MAX_SERIES)}),
}
CHART: Final = typed(_KINDS)
