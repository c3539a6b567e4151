"""A whole visit in a language that is written from right to left, and the station after it."""

from __future__ import annotations

from PIL import Image

from session.model import EndReason, State
from tests.portal import Portal
from tests.station.harness import RunningStation
from tests.station.visitor import Visitor

FIRST_UID = 63_900


def titled_at(picture: Image.Image, *, right: bool) -> bool:
    """Whether the welcome's title, in its colour, is in the last or the first fifth of the screen."""
    width, height = picture.size
    left = round(0.8 * width) if right else 0
    part = picture.crop((left, round(0.1 * height), left + round(0.2 * width), round(0.3 * height))).convert("RGB")
    colours = part.getcolors(part.width * part.height) or []
    return sum(count for count, (red, green, blue) in colours if red < 60 and 50 < green < 110 and blue < 110) > 200  # type: ignore[misc]


def test_a_visit_from_right_to_left(portal: Portal) -> None:
    with RunningStation(name="right", first_uid=FIRST_UID, port=portal.port, tls_port=portal.tls_port) as station:
        generation = station.wait_state(State.READY, 40).generation
        with station.screen() as screen:
            screen.wait(lambda one: titled_at(one, right=False), 20, "the welcome in French")
            visitor = Visitor(station, screen)
            visitor.tap_until("language_ar", lambda: titled_at(screen.picture(), right=True))
            visitor.mirrored = True
            visitor.begin()
            visitor.open_first_site()
            visitor.finish()
        after = station.wait_state(State.READY, 60, after=generation)
        assert after.last_wipe is not None
        assert after.last_wipe.verified
        assert after.last_wipe.reason is EndReason.VISITOR
        with station.screen() as screen:
            screen.wait(lambda one: titled_at(one, right=False), 20, "the welcome in French again")
            assert not titled_at(screen.picture(), right=True)
