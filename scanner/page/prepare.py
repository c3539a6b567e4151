"""A scanned page is made right: set straight, cut to the paper, turned the right way up, its light evened.

`examine` looks at a page once; `make` makes it, with any of the corrections undone, as often as the visitor changes
their mind; `strips` makes it some rows at a time, for a page too large to be held twice. Everything is judged by a
small picture, and the page itself is worked on once: turned, cut and lit in one go over it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from scanner.model import Corrected, Correction
from scanner.page.blank import is_blank
from scanner.page.light import evened, light_of
from scanner.page.look import Look, look_at
from scanner.page.model import Pixels, Prepared, Scan
from scanner.page.paper import Paper, paper_of
from scanner.page.shape import ROWS, Shape, of_scan
from scanner.page.skew import skew_of
from scanner.page.upright import turns_of
from scanner.verdict import Verdict

_CUT = 1.5
"""Millimetres: a page from which less is cut, on every side, is left as it is."""
_ALONE = 0.6
_TRIM = 0.3
"""Millimetres."""


@dataclass(frozen=True, eq=False)
class Findings:
    """What a page calls for. It holds a small picture of the page: a hundredth to a quarter of its size."""

    look: Look
    size: tuple[int, int]
    """Height, width of the scan."""
    paper: Paper
    crop: bool
    turns: int
    """Quarter turns clockwise that set it upright."""
    bright: bool
    blank: bool

    @property
    def verdict(self) -> Verdict:
        """All of it but the picture."""
        paper, (height, width) = self.paper, self.size
        return Verdict(
            height, width, paper.box, paper.angle, paper.seen, self.crop, self.turns, self.bright, self.blank
        )

    @property
    def corrections(self) -> tuple[Correction, ...]:
        called_for = {
            Correction.STRAIGHTENED: bool(self.paper.angle),
            Correction.CROPPED: self.crop,
            Correction.UPRIGHT: bool(self.turns),
            Correction.BRIGHTENED: self.bright,
        }
        return tuple(one for one, called in called_for.items() if called)

    def shape(self, undone: frozenset[Correction] = frozenset(), quarter_turns: int = 0) -> Shape:
        height, width = self.size
        angle = 0.0 if Correction.STRAIGHTENED in undone else self.paper.angle
        turns = (quarter_turns + (0 if Correction.UPRIGHT in undone else self.turns)) % 4
        if self.crop and Correction.CROPPED not in undone:
            box = self._trimmed() if angle else _upright_box(replace(self.paper, box=self._trimmed()), width, height)
            return Shape(box, angle, turns)
        if not angle:
            return of_scan(width, height, turns)
        # Set straight and not cut: as large as the scan, and larger where the paper would be cut.
        x0, y0, x1, y1 = self.paper.box
        box = min(x0, -width / 2), min(y0, -height / 2), max(x1, width / 2), max(y1, height / 2)
        return Shape(box, angle, turns)

    def _trimmed(self) -> tuple[float, float, float, float]:
        """The paper, less a little of each side that is seen: there it is in its own shadow."""
        trim = _TRIM / 25.4 * self.look.dpi * self.look.factor
        x0, y0, x1, y1 = self.paper.box
        left, upper, right, lower = (trim * seen for seen in self.paper.seen)
        if x1 - x0 < 8 * trim or y1 - y0 < 8 * trim:
            return self.paper.box
        return x0 + left, y0 + upper, x1 - right, y1 - lower


def examine(scan: Scan) -> Findings:
    """Looks at a page, and does nothing to it. About a tenth of a second for an A4 page of any resolution."""
    look = look_at(scan)
    angle = skew_of(look)
    paper = paper_of(look, angle)
    x0, y0, x1, y1 = paper.box
    if sum(paper.seen) < 2 and (x1 - x0) * (y1 - y0) < _ALONE * scan.width * scan.height:
        paper = _all_of(scan, angle)  # one side alone, and most of the scan beyond it: that may be the paper
    if paper.box[2] - paper.box[0] < 1 or paper.box[3] - paper.box[1] < 1:
        paper = _all_of(scan, angle)
    flat = Shape(paper.box, angle).scaled(look.factor)
    straight = flat.whole(look.grey, (_usual(look.grey),))
    inside = flat.whole(np.full_like(look.grey, 255), (0.0,)) == 255
    _, bright = light_of(flat.whole(look.colour, _fill(look.colour)), look.dpi)
    blank = is_blank(straight, inside, look.dpi)
    turns = 0 if blank else turns_of(straight, look.dpi)  # what shows through from the other side has letters too
    return Findings(look, (scan.height, scan.width), paper, _cuts(paper, scan), turns, bright, blank)


def recall(scan: Scan, verdict: Verdict) -> Findings:
    """What `examine` found on this scan, or on one that is the same to the eye. Raises ValueError for another's."""
    if (verdict.height, verdict.width) != (scan.height, scan.width):
        raise ValueError("the findings of another page")
    paper = Paper(verdict.box, verdict.angle, verdict.seen)
    size = verdict.height, verdict.width
    return Findings(look_at(scan), size, paper, verdict.crop, verdict.turns, verdict.bright, verdict.blank)


def strips(
    scan: Scan, findings: Findings, *, undone: frozenset[Correction] = frozenset(), quarter_turns: int = 0
) -> Iterator[Pixels]:
    """The page that `make` makes, from top to bottom, some hundred rows at a time: (rows, width[, 3]).

    Besides the scan, only such a strip is held. `findings.shape(undone, quarter_turns).size` tells the page's size.
    """
    shape = findings.shape(undone, quarter_turns)
    look = findings.look
    small = shape.scaled(look.factor).whole(look.colour, _fill(look.colour))
    light = light_of(small, look.dpi)[0] if findings.bright and Correction.BRIGHTENED not in undone else None
    image = scan.pixels if scan.pixels.flags.c_contiguous else np.ascontiguousarray(scan.pixels)
    fill = _fill(look.colour)
    height = shape.size[0]
    for index, strip in enumerate(shape.rows(image, fill)):
        if light is not None:
            evened(strip, light, index * ROWS, height)
        yield strip


def untouched(scan: Scan, quarter_turns: int = 0) -> tuple[tuple[int, int], Iterator[Pixels]]:
    """The scan as it came, turned clockwise: height and width, and the rows as of `strips`. It is not looked at."""
    shape = of_scan(scan.width, scan.height, quarter_turns % 4)
    return shape.size, shape.rows(scan.pixels, ())


def make(
    scan: Scan, findings: Findings, *, undone: frozenset[Correction] = frozenset(), quarter_turns: int = 0
) -> Prepared:
    """The page with everything that it calls for but what is `undone`; then `quarter_turns` clockwise by the visitor.

    With everything undone the pixels are those of the scan. The scan itself is never changed.
    """
    height, width = findings.shape(undone, quarter_turns).size
    page = np.empty((height, width, *scan.pixels.shape[2:]), np.uint8)
    first = 0
    for strip in strips(scan, findings, undone=undone, quarter_turns=quarter_turns):
        page[first : first + len(strip)] = strip
        first += len(strip)
    corrections = tuple(Corrected(one, one not in undone) for one in findings.corrections)
    return Prepared(Scan(page, scan.dpi), corrections, findings.blank)


def prepare(scan: Scan, *, undone: frozenset[Correction] = frozenset(), quarter_turns: int = 0) -> Prepared:
    """`examine` and `make` in one."""
    return make(scan, examine(scan), undone=undone, quarter_turns=quarter_turns)


def _all_of(scan: Scan, angle: float) -> Paper:
    """As if no side were seen."""
    return Paper(of_scan(scan.width, scan.height).box, angle, (False, False, False, False))


def _cuts(paper: Paper, scan: Scan) -> bool:
    """Whether the paper is smaller than the scan, so that one sees it."""
    if not any(paper.seen):
        return False
    x0, y0, x1, y1 = paper.box
    cut = max(x0 + scan.width / 2, y0 + scan.height / 2, scan.width / 2 - x1, scan.height / 2 - y1)
    return bool(cut > scan.px(_CUT))


def _upright_box(paper: Paper, width: int, height: int) -> tuple[float, float, float, float]:
    """The box around the paper as it lies askew on the scan, whole pixels."""
    corners = paper.corners(width, height)
    low = np.clip(np.floor(corners.min(axis=0)), 0, [width - 1, height - 1])
    high = np.clip(np.ceil(corners.max(axis=0)), low + 1, [width, height])
    return (
        float(low[0]) - width / 2, float(low[1]) - height / 2, float(high[0]) - width / 2, float(high[1]) - height / 2,
    )  # fmt: skip


def _usual(grey: Pixels) -> float:
    """The level of most of the paper."""
    return float(np.percentile(grey[:: max(1, len(grey) // 200)], 80))


def _fill(colour: Pixels) -> tuple[float, ...]:
    """What is put where the scan has nothing: the colour of most of the paper."""
    if colour.ndim == 2:
        return (_usual(colour),)
    return tuple(_usual(np.ascontiguousarray(colour[..., channel])) for channel in range(3))
