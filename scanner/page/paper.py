"""Where the paper lies on the glass: each of its four sides is looked for by itself, as a long straight step of light.

A side is a step, in one direction all along it, from the paper to the lid or to the shadow beside the paper. One that
cannot be seen (white paper under a white lid, or beyond the glass) stays where the glass ends: nothing is cut there.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from scanner.page.look import Look, Matrix, noise_of, smaller, straightened, turning
from scanner.page.model import Pixels

_REACH = 0.8
"""Millimetres on both sides of a step that are compared."""
_SHORTEST = 20.0
"""Millimetres: less is no side of a paper."""
_WHOLE = 0.72
"""How much of its length a side must be seen."""
_SPECKS = 0.002
"""Of what lies beside the paper: so much may be dirt."""
_ALIKE = 1.0
"""Levels by which two sides of a line differ that are both paper."""
Box = tuple[float, float, float, float]
Grid = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Paper:
    """`box`: x0, y0, x1, y1 in pixels of the scan, counted from its middle, once it is set straight by `angle`."""

    box: Box
    angle: float
    seen: tuple[bool, bool, bool, bool]
    """Left, upper, right, lower side."""

    def corners(self, width: float, height: float) -> Matrix:
        """(4, 2): x, y on the scan as it lies."""
        x0, y0, x1, y1 = self.box
        straight = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])
        return np.asarray(straight @ turning(self.angle).T + np.array([width / 2, height / 2]))


def paper_of(look: Look, angle: float) -> Paper:
    coarse = smaller(look, max(1, round(look.dpi / 75)))
    turn = np.abs(turning(angle))
    spread = turn @ np.array([coarse.width / 2, coarse.height / 2])
    whole = (-float(spread[0]), -float(spread[1]), float(spread[0]), float(spread[1]))
    straight = straightened(coarse.grey, angle, whole, 0)
    inside = straightened(np.full_like(coarse.grey, 255), angle, whole, 0) == 255
    sides = _Sides(straight, inside, coarse)
    left, upper, right, lower = sides.find()
    # Of a side that is not seen: the glass's own, as if it lay straight; or farther, where something is printed.
    frame = (-coarse.width / 2, -coarse.height / 2, coarse.width / 2, coarse.height / 2)
    ink = sides.ink()
    middle = straight.shape[1] / 2, straight.shape[0] / 2
    found = []
    for index, place in enumerate((left, upper, right, lower)):
        if place is not None:
            found.append(place - middle[index % 2])
        elif ink is None:
            found.append(frame[index])
        else:
            beyond = ink[index] - middle[index % 2]
            found.append(min(frame[index], beyond) if index < 2 else max(frame[index], beyond))
    scale = float(coarse.factor)
    box = (found[0] * scale, found[1] * scale, found[2] * scale, found[3] * scale)
    seen = (left is not None, upper is not None, right is not None, lower is not None)
    if box[2] - box[0] < scale or box[3] - box[1] < scale:
        wide, high = look.width * look.factor / 2, look.height * look.factor / 2
        return Paper((-wide, -high, wide, high), angle, (False, False, False, False))
    return Paper(box, angle, seen)


@dataclass(frozen=True, eq=False)
class _View:
    """Turned so that the side in question is the left one."""

    steps: npt.NDArray[np.int8]
    inside: npt.NDArray[np.bool_]
    active: npt.NDArray[np.bool_]
    light: Grid


class _Sides:
    """`straight`: the picture set straight. `inside`: where it has pixels of the scan."""

    def __init__(self, straight: Pixels, inside: npt.NDArray[np.bool_], look: Look) -> None:
        self.look = look
        self.reach = max(1, round(look.px(_REACH)))
        # Along the side light is evened out over 2 mm: noise and print are less, a straight side is not.
        self.level = max(2.0, 1.6 * noise_of(look.grey))
        self.light = cv2.GaussianBlur(straight, (3, 3), 0).astype(np.float32)
        self.across, self.told_across = self._steps(self.light, inside)
        self.down, self.told_down = self._steps(self.light.T, inside.T)
        self.active = self._active()

    def _steps(self, light: Grid, inside: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.bool_]]:
        """-1, 0, 1 where light falls, stays, rises from left to right; and where that can be told."""
        reach = self.reach
        long = max(3, round(self.look.px(3)) | 1)
        even = cv2.blur(light, (1, long))
        whole = cv2.erode(inside.astype(np.uint8), np.ones((long + 2, 2 * reach + 3), np.uint8)).astype(bool)
        steps = np.zeros(light.shape, np.int8)
        if light.shape[1] > 2 * reach:
            change = even[:, 2 * reach :] - even[:, : -2 * reach]
            # Most of a scan is even: what steps there are in its middle are the noise, and a sensor's stripes.
            usual = float(np.median(np.abs(change[::4][whole[::4, reach:-reach]]))) if whole[::4].any() else 0.0
            level = min(max(self.level, 5 * usual), 8.0)
            steps[:, reach:-reach] = (change > level).astype(np.int8) - (change < -level).astype(np.int8)
        steps[~whole] = 0
        return steps, whole

    def _active(self) -> npt.NDArray[np.bool_]:
        """Where anything is: print, or an edge. Specks of less than about a millimetre are not."""
        some = ((self.across != 0) | (self.down.T != 0)).astype(np.uint8)
        size = max(2, round(self.look.px(1.2)))
        return cv2.morphologyEx(some, cv2.MORPH_OPEN, np.ones((size, size), np.uint8)).astype(bool)

    def ink(self) -> Box | None:
        """The box around all that is."""
        columns, rows = np.flatnonzero(self.active.any(axis=0)), np.flatnonzero(self.active.any(axis=1))
        if not len(columns):
            return None
        return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)

    def find(self) -> tuple[float | None, float | None, float | None, float | None]:
        """Left, upper, right, lower; None where it is not seen."""
        box = self.ink()
        if box is None:
            return None, None, None, None
        bounds = [int(box[0]), int(box[1]), int(box[2]), int(box[3])]
        found: list[float | None] = [None, None, None, None]
        for _ in range(2):  # the second time between the sides that the first time found
            for index, view in enumerate(self._views()):
                along = slice(bounds[1], bounds[3]) if index % 2 == 0 else slice(bounds[0], bounds[2])
                place = self._side(view, along)
                if place is not None and index >= 2:
                    place = view.steps.shape[1] - place
                found[index] = place
            for index, place in enumerate(found):
                if place is not None:
                    bounds[index] = int(place)
        return found[0], found[1], found[2], found[3]

    def _views(self) -> list[_View]:
        """The picture turned so that the side in question is the left one: left, upper, right, lower."""
        return [
            _View(self.across, self.told_across, self.active, self.light),
            _View(self.down, self.told_down, self.active.T, self.light.T),
            _View(-self.across[:, ::-1], self.told_across[:, ::-1], self.active[:, ::-1], self.light[:, ::-1]),
            _View(-self.down[:, ::-1], self.told_down[:, ::-1], self.active.T[:, ::-1], self.light.T[:, ::-1]),
        ]

    def _side(self, view: _View, along: slice) -> float | None:
        """How far from the left the paper begins; the rows `along` are looked at."""
        steps, inside = view.steps[along], view.inside[along]
        room = np.count_nonzero(inside, axis=0)
        room = np.maximum(room, 1)
        rising, falling = np.count_nonzero(steps > 0, axis=0), np.count_nonzero(steps < 0, axis=0)
        least = self.look.px(_SHORTEST)
        long = (room >= least) & (np.maximum(rising, falling) >= np.maximum(_WHOLE * room, least))
        places = np.flatnonzero(long)
        if not len(places):
            return None
        first = int(places[0])
        # Through the shadow to where the light rises again: the paper begins at the last step within 4 mm.
        near = places[places <= first + self.look.px(4)]
        rises = near[rising[near] >= falling[near]]
        group = rises if len(rises) else near
        ends = np.flatnonzero(np.diff(group) > 1)
        group = group[: ends[0] + 1] if len(ends) else group
        weight = np.maximum(rising, falling)[group].astype(np.float64)
        place = float((group * weight).sum() / weight.sum()) + 0.5
        if self._is_rule(view, along, int(group[0]), int(group[-1])):
            return None
        beside = view.active[:, : max(0, first - self.reach)]
        return place if np.count_nonzero(beside) <= _SPECKS * max(beside.size, 1) else None

    def _is_rule(self, view: _View, along: slice, first: int, last: int) -> bool:
        """Whether it is as light on both sides: the rule of a table, and not where paper ends, or a shadow begins."""
        rows = view.inside[along, first]
        for near, far in ((0.9, 1.5), (2.2, 3.4)):  # a shadow may be as light as the paper at one distance, not at both
            begin, end = max(self.reach + 1, round(self.look.px(near))), round(self.look.px(far)) + 1
            outside = view.light[along, max(0, first - end) : max(0, first - begin)][rows]
            within = view.light[along, last + begin : last + end][rows]
            if not outside.size or not within.size:
                return False
            # The lightest rows: letters beside the line count for nothing.
            lightest = [float(np.percentile(one.mean(axis=1), 80)) for one in (outside, within)]
            if abs(lightest[0] - lightest[1]) >= _ALIKE:
                return False
        return True
