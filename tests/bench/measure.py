"""What a measure is, and how a table of them is printed."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import msgspec


class Measure(msgspec.Struct, frozen=True):
    """`value` and `alternative` in `unit`, both from this run. Lower is better."""

    name: str
    value: float
    unit: str
    target: str
    met: bool
    alternative: float | None = None
    of: str = ""
    """What the alternative is."""
    detail: str = ""

    @property
    def ratio(self) -> float | None:
        return self.value / self.alternative if self.alternative else None


def p95(samples: Sequence[float]) -> float:
    """The 95th percentile; of fewer than 20 samples, the largest."""
    ordered = sorted(samples)
    if len(ordered) < 20:
        return ordered[-1]
    return statistics.quantiles(ordered, n=20, method="inclusive")[-1]


def table(measures: Sequence[Measure]) -> str:
    rows = [("measure", "value", "target", "alternative", "ratio", "")]
    for one in measures:
        alternative = f"{one.alternative:.3g} {one.unit} ({one.of})" if one.alternative is not None else "-"
        ratio = f"{one.ratio:.3f}" if one.ratio is not None else "-"
        value = f"{one.value:.3g} {one.unit}"
        rows.append((one.name, value, one.target, alternative, ratio, "met" if one.met else "MISSED"))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    details = [f"{one.name}: {one.detail}" for one in measures if one.detail]
    return "\n".join([*lines, "", *details])
