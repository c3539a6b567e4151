"""The coloured edge: seen over pages and screens, and in nobody's way."""

from __future__ import annotations

from Xlib import X

from kiosk.guard.edge import CALLED, PIXELS, PRIVATE, colour_of
from session.model import AgentState, State
from tests.kiosk.guard.stage import Stage
from tests.kiosk.guard.xclient import HEIGHT, WIDTH, XClient, until

CALL, ALONE = AgentState(called_at=1.0), AgentState(private=True)
POINTS = ((2, HEIGHT // 2), (WIDTH - 3, HEIGHT // 2), (WIDTH // 2, HEIGHT - 3), (WIDTH // 2, 2))


def pixel(client: XClient, x: int, y: int) -> int:
    raw = client.root.get_image(x, y, 1, 1, X.ZPixmap, 0xFFFFFFFF).data
    return int.from_bytes(raw[:3], "little")


def colours(client: XClient) -> set[int]:
    return {pixel(client, x, y) for x, y in POINTS}


async def test_a_call_is_seen_around_the_page_and_taps_go_through(stage: Stage) -> None:
    ours, ui, theirs, main = await stage.with_page()
    assert not colours(theirs) & {CALLED, PRIVATE}
    stage.control.become(State.ACTIVE, CALL)
    await until(lambda: colours(theirs) == {CALLED}, "the edge")
    assert pixel(theirs, PIXELS + 2, HEIGHT // 2) != CALLED
    assert theirs.at(2, HEIGHT // 2) == main.id
    assert theirs.at(WIDTH // 2, 2) == ui.id
    # What comes later, and another layout, do not hide it.
    popup = theirs.popup().map()
    await stage.shows(popup)
    await until(lambda: colours(theirs) == {CALLED}, "the edge over a new window")
    await stage.guard.layout("full")
    await until(lambda: colours(theirs) == {CALLED}, "the edge over our screens")
    assert ours.at(2, HEIGHT // 2) == ui.id
    stage.control.become(State.ACTIVE, ALONE)
    await until(lambda: colours(theirs) == {PRIVATE}, "the other colour")
    stage.control.become(State.ACTIVE)
    await until(lambda: not colours(theirs) & {CALLED, PRIVATE}, "no edge")


def test_stepping_back_is_the_stronger_sign() -> None:
    assert colour_of(AgentState()) is None
    assert colour_of(CALL) == CALLED
    assert colour_of(ALONE) == colour_of(AgentState(called_at=1.0, private=True)) == PRIVATE
