"""The veil of a private entry: over the sides of the page, under our own screens, and in nobody's way."""

from __future__ import annotations

from Xlib import X

from kiosk.guard.veil import DARK, LINE, PART, STEP
from session.model import AgentState, State
from tests.kiosk.guard.stage import Stage
from tests.kiosk.guard.xclient import HEIGHT, WIDTH, XClient, until

ALONE = AgentState(private=True)
SIDES = (30, WIDTH - 30)
TALL = 60


def dark(client: XClient, x: int, y: int) -> int:
    """How many of the pixels below this point are the veil's."""
    raw = client.root.get_image(x, y, 1, TALL, X.ZPixmap, 0xFFFFFFFF).data
    return sum(raw[at : at + 3] == DARK.to_bytes(3, "little") for at in range(0, len(raw), 4))


async def test_the_sides_are_dimmed_and_taps_go_through(stage: Stage) -> None:
    ours, ui, theirs, main = await stage.with_page()
    middle = HEIGHT // 2
    assert not any(dark(theirs, x, middle) for x in SIDES)
    stage.control.become(State.ACTIVE, ALONE)
    await until(lambda: all(dark(theirs, x, middle) == TALL * LINE // STEP for x in SIDES), "the veil")
    assert dark(theirs, WIDTH // 2, middle) == 0
    assert dark(theirs, round(WIDTH * PART) + 2, middle) == 0
    assert [theirs.at(x, middle) for x in SIDES] == [main.id] * 2
    assert not any(dark(theirs, x, 20) for x in SIDES), "the bar is not dimmed"
    # What comes later is under it too; our own screens are not.
    popup = theirs.popup().map()
    await stage.shows(popup)
    await until(lambda: all(dark(theirs, x, middle) for x in SIDES), "the veil over a new window")
    await stage.guard.layout("full")
    await until(lambda: not any(dark(theirs, x, middle) for x in SIDES), "our screens are clear")
    assert ours.at(30, middle) == ui.id
    await stage.guard.layout("bar")
    await until(lambda: all(dark(theirs, x, middle) for x in SIDES), "the veil again")
    stage.control.become(State.ACTIVE)
    await until(lambda: not any(dark(theirs, x, middle) for x in SIDES), "no veil")


async def test_a_call_dims_nothing(stage: Stage) -> None:
    _, _, theirs, _ = await stage.with_page()
    stage.control.become(State.ACTIVE, AgentState(called_at=1.0))
    await until(lambda: dark(theirs, 30, HEIGHT // 2) == 0, "a clear page")
