"""The project's set of pages: every kind, laid in every way, the hard ones among them. Made from seeds each time."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from tests.pages import sample
from tests.pages.glass import GLASS, Laying, Sample

KINDS = (
    *(
        "letter",
        "letter",
        "letter",
        "form",
        "form",
        "payslip",
        "payslip",
        "receipt",
        "card",
        "photo",
        "article",
        "note",
    ),
    *("pencil", "sparse", "blank"),
)
SMALL = {"receipt", "card", "photo"}
DPIS = (75, 100, 150, 150, 150, 200, 200, 300)


def a_laying(at: random.Random, kind: str) -> Laying:
    """As people and scanners lay a paper of that kind."""
    angle = at.choice((0.0, at.uniform(-1, 1), *(at.uniform(-10, 10) for _ in range(4))))
    lid = at.choice((at.uniform(244, 252), at.uniform(244, 252), at.uniform(200, 235), at.uniform(8, 45)))
    shadows = [at.choice((0.0, at.uniform(0.08, 0.4))) for _ in range(4)]
    if kind in SMALL:
        # A paper that has all of its edges in the glass lifts the lid: one sees where it ends.
        shadows = [at.uniform(0.08, 0.4) for _ in range(4)]
    turns = at.choice((0, 0, 0, 2, 2, 1, 3))
    # An A4 page that lies across is scanned on a larger glass, or it is no page.
    glass = GLASS if turns % 2 == 0 or kind in SMALL else (300.0, 300.0)
    place = (at.uniform(85, 130), at.uniform(100, 200)) if kind in SMALL else None
    grey, noise = at.random() < 0.3, at.uniform(0.5, 5)
    return Laying(
        angle=round(angle, 2), turns=turns, lid=lid, at=place, shadows=(shadows[0], shadows[1], shadows[2], shadows[3]),
        light=at.choice((0.0, 0.0, at.uniform(0, 0.25))), gutter=at.choice((0.0, 0.0, 0.0, 0.0, at.uniform(0.1, 0.45))),
        noise=noise, stripes=at.choice((0.0, 0.0, 0.0, 1.5)), streak=at.random() < 0.1,
        jpeg=at.choice((0, 0, at.randrange(60, 90))), grey=grey, glass=glass,
    )  # fmt: skip


def pages(count: int, kinds: Sequence[str] = KINDS, first: int = 0, dpis: Sequence[int] = DPIS) -> Iterator[Sample]:
    """`count` pages, one kind after the other; a page depends on its number and on nothing before it."""
    for number in range(first, first + count):
        at = random.Random(f"page {number}")
        kind = kinds[number % len(kinds)]
        laying = a_laying(at, kind)
        fields = {name: getattr(laying, name) for name in laying.__dataclass_fields__}
        yield sample(kind, number // len(kinds), at.choice(dpis), **fields)


def blank_or_not(count: int, first: int = 0, dpis: Sequence[int] = DPIS) -> Iterator[Sample]:
    """Half of them blank; the other half mostly what is easily taken for blank."""
    kinds = ("blank", "pencil", "blank", "sparse", "blank", "note", "blank", "letter")
    yield from pages(count, kinds, first, dpis)
