"""Under the limit, legible, and as good as the limit allows; or a true word about what would help."""

from __future__ import annotations

import io
import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.document.encode import Way
from scanner.document.fit import fit_pages
from scanner.document.ladder import Option, best, share
from scanner.document.legible import LEAST
from scanner.document.model import Fitted, Mode, Refusal, Refused, Stopped, Unreadable
from scanner.document.raster import Page
from tests.scanner.document import judges, maker


def fitted(pages: Sequence[Page], limit: int, *, keep_colour: bool = False) -> tuple[Fitted, bytes]:
    out = io.BytesIO()
    done = fit_pages(pages, limit, out, keep_colour=keep_colour)
    assert isinstance(done, Fitted)
    assert done.size == len(out.getvalue()) <= limit
    return done, out.getvalue()


def test_a_larger_limit_looks_better(stamped: Page, pencilled: Page) -> None:
    pages = [stamped, pencilled]
    small, _data = fitted(pages, 80_000)
    large, _data = fitted(pages, 700_000)
    assert LEAST <= small.legibility <= large.legibility
    assert large.size > 2 * small.size
    assert large.lost_colour == 0
    assert small.pages == large.pages == 2


def test_what_comes_of_it_is_sound(stamped: Page, pencilled: Page, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("fit") / "made.pdf"
    path.write_bytes(fitted([stamped, pencilled], 200_000)[1])
    judges.sound(path)
    assert [one.colour for one in judges.images(path)] == ["rgb", "gray"]


def test_it_says_how_many_parts_would_do_and_they_do() -> None:
    pages = [maker.lettered(points=7, millimetres=(120, 90), seed=seed) for seed in range(4)]
    limit = 35_000
    done = fit_pages(pages, limit, io.BytesIO())
    assert isinstance(done, Unreadable)
    assert done.parts is not None
    assert 2 <= done.parts <= 4
    assert 1 <= done.pages < 4
    assert done.smallest > limit
    fitted(pages[: done.pages], limit)
    fitted(pages, done.smallest)


def test_one_page_that_is_too_much_cannot_be_split(illustrated: Page) -> None:
    out = io.BytesIO(b"what was there")
    assert fit_pages([illustrated], 12_000, out) == Unreadable(parts=None, pages=0, smallest=0)
    assert out.getvalue() == b""


def test_colours_that_are_to_be_kept_are_kept(stamped: Page) -> None:
    limit = 25_000
    done, _data = fitted([stamped], limit)
    assert done.lost_colour == 1
    kept = fit_pages([stamped], limit, io.BytesIO(), keep_colour=True)
    assert isinstance(kept, Unreadable)
    assert kept.grey
    assert fitted([stamped], 300_000, keep_colour=True)[0].lost_colour == 0


def test_progress_only_grows_and_ends() -> None:
    told: list[int] = []
    pages = [maker.lettered(millimetres=(80, 40)), maker.lettered(millimetres=(80, 40))]
    fit_pages(pages, 100_000, io.BytesIO(), progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 100


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_it_can_be_stopped_at_any_page(after: int) -> None:
    pages = [maker.lettered(millimetres=(80, 40)), maker.lettered(millimetres=(80, 40))]
    asked = itertools.count()
    out = io.BytesIO()
    with pytest.raises(Stopped):
        fit_pages(pages, 100_000, out, cancelled=lambda: next(asked) >= after)
    assert out.getvalue() == b""


def test_nothing_does_not_fit() -> None:
    with pytest.raises(Refused) as refused:
        fit_pages([], 100_000, io.BytesIO())
    assert refused.value.code is Refusal.EMPTY


WAY = Way(Mode.GREY, 100, 50)
an_option = st.builds(Option, st.just(WAY), st.integers(1, 1000), st.floats(0, 1), st.just(1.0))


@settings(deadline=None)
@given(st.lists(st.lists(an_option, max_size=4), min_size=1, max_size=3), st.integers(1, 3000))
def test_a_share_is_found_if_there_is_one_and_is_under_the_limit(found: list[list[Option]], limit: int) -> None:
    pages = [best(one) for one in found]
    chosen = share(pages, limit)
    possible = [
        sum(one.look for one in all_of)
        for all_of in itertools.product(*found)
        if sum(one.size for one in all_of) <= limit
    ]
    assert (chosen is not None) is bool(possible)
    if chosen is not None:
        assert sum(one.size for one in chosen) <= limit
        assert all(one in page for one, page in zip(chosen, pages, strict=True))
        assert sum(one.look for one in chosen) >= min(possible) - 1e-9


def test_a_byte_is_spent_where_it_makes_most_difference() -> None:
    flat = [Option(WAY, 10, 0.90, 1), Option(WAY, 100, 0.91, 1)]
    steep = [Option(WAY, 10, 0.50, 1), Option(WAY, 100, 0.90, 1)]
    assert share([flat, steep], 120) == [flat[0], steep[1]]
    assert share([flat, steep], 200) == [flat[1], steep[1]]
    assert share([flat, steep], 19) is None


@pytest.mark.parametrize("shape", [(1, 1), (1, 400), (400, 1, 3), (7, 7, 3)])
def test_a_page_of_next_to_nothing_fits(shape: tuple[int, ...]) -> None:
    done, _data = fitted([Page(np.full(shape, 90, np.uint8), 300)], 10_000)
    assert done.pages == 1
