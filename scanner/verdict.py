"""What was found on a page by looking at it: a few numbers, kept with the page, so that nobody has to look again."""

from __future__ import annotations

import msgspec


class Verdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of one scan, as it came. Lengths are in its pixels."""

    height: int
    width: int
    box: tuple[float, float, float, float]
    """The paper: x0, y0, x1, y1, counted from the scan's middle, once it is set straight by `angle`."""
    angle: float
    """Degrees clockwise that it lies askew; 0 where it is left as it lies."""
    seen: tuple[bool, bool, bool, bool]
    """Left, upper, right, lower side of the paper."""
    crop: bool
    turns: int
    """Quarter turns clockwise that set it upright."""
    bright: bool
    """Its light calls for evening."""
    blank: bool
