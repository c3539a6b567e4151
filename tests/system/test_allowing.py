"""What an agent allows, and a video appointment, at a whole station: by real taps, and gone at the end."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator

import psutil
import pytest

from kiosk import theme
from session.agent import agents, pins
from session.agent.agents import Agent
from session.model import AgentStage, Component, EndReason, State
from session.pages import Capture, PageState
from session.records import FILE
from tests.portal import Portal
from tests.station.fixtures import at_welcome
from tests.station.harness import RunningStation, wait_until
from tests.station.visitor import PORTAL, Visitor

FIRST_UID = 62_404
PIN = "280471"
FINISH = tuple(round(255 * part) for part in theme.PALETTES[theme.Colours.CALM].finish[:3])
MORE = """
[[sites]]
id = "interdits"
title = "Interdits"
url = "http://portail.localhost:{port}/interdits"

[[sites]]
id = "rendez-vous"
title = "Rendez-vous"
url = "http://connexion.localhost:{port}/entretien"
camera = true

[interview]
enabled = true
"""


@pytest.fixture(scope="module")
def station(portal: Portal) -> Iterator[RunningStation]:
    with RunningStation(
        name="net", first_uid=FIRST_UID, port=portal.port, tls_port=portal.tls_port,
        more=MORE.format(port=portal.port), tampered=("--fake-camera",),
    ) as one:  # fmt: skip
        agents.save(one.state, (Agent("Jeanne", pins.hashed(PIN)),))
        yield one


@pytest.fixture
def visitor(station: RunningStation) -> Iterator[Visitor]:
    with at_welcome(station) as one:
        one.begin()
        one.screen.wait(lambda _picture: not one.notice_gone(), what="the notice")
        one.tap_until("understood", one.notice_gone)
        yield one


def ended(station: RunningStation, visitor: Visitor) -> bytes:
    """Ends the visit; its receipt."""
    before = station.status()
    assert before is not None
    visitor.finish()
    ready = station.wait_state(State.READY, 60, after=before.generation)
    assert ready.last_wipe is not None
    assert (ready.last_wipe.reason, ready.last_wipe.verified) == (EndReason.VISITOR, True)
    return (station.state / FILE).read_bytes().splitlines()[-1]


def stage(station: RunningStation) -> AgentStage:
    snapshot = station.status()
    assert snapshot is not None
    return snapshot.agent.stage


def front(station: RunningStation) -> PageState | None:
    desk = station.desk()
    return next((page.state for page in desk.pages if page.id == desk.active), None)


def taps_open(visitor: Visitor, x: int, y: int) -> bool:
    """Whether a tap there has opened a full screen of ours, which is light where the bar is dark."""
    visitor.screen.tap(x, y)
    return sum(visitor.screen.settle(1).getpixel((12, 12))[:3]) > 600  # type: ignore[index]


def test_one_host_more_for_this_visit(station: RunningStation, visitor: Visitor) -> None:
    visitor.tap_until("site_1", lambda: any("Adresses interdites" + PORTAL in one for one in visitor.titles()))
    visitor.wait_page("Adresses interdites")
    visitor.screen.key("Return")
    wait_until(lambda: front(station) is PageState.BLOCKED, 15, "the refusal")
    station.call("AgentAsk")
    station.wait(lambda one: one.agent.stage is AgentStage.PIN, 10, "the pad")
    station.call("AgentEnter", pin=PIN)
    panel = visitor.screen.settle()
    visitor.tap_until("panel_allow", lambda: visitor.screen.settle(1).tobytes() != panel.tobytes())
    question = visitor.screen.settle()
    visitor.tap_until("panel_first", lambda: visitor.screen.settle(1).tobytes() != question.tobytes())
    allowed = station.desk().allowable
    assert allowed is not None
    assert (allowed.host or "").startswith("interdit.localhost:")
    visitor.tap_until("panel_first", lambda: getattr(station.desk().allowable, "host", None) == "")
    assert stage(station) is AgentStage.PANEL
    visitor.tap_until("panel_back", lambda: stage(station) is AgentStage.AWAY)
    visitor.wait_title("INTERDIT ATTEINT", 45)

    receipt = ended(station, visitor)
    acts = {act["name"]: act["times"] for act in json.loads(receipt)["acts"]}
    assert acts == {"entered": 1, "allowed_host": 1}
    assert b"interdit" not in receipt
    assert "interdit.localhost" not in station.log.read_text("utf-8")


def test_the_next_visit_has_it_no_more(station: RunningStation, visitor: Visitor) -> None:
    visitor.tap_until("site_1", lambda: any("Adresses interdites" + PORTAL in one for one in visitor.titles()))
    visitor.wait_page("Adresses interdites")
    visitor.screen.key("Return")
    wait_until(lambda: front(station) is PageState.BLOCKED, 15, "the refusal")
    desk = station.desk()
    assert desk.allowable is not None
    assert desk.allowable.host, "as if it had never been allowed"


def join(station: RunningStation, visitor: Visitor) -> None:
    """From "what for?" to a video that is on, by way of what is said before."""
    offer = visitor.screen.settle()
    visitor.tap_until("site_2", lambda: visitor.screen.settle(1).tobytes() != offer.tobytes())
    assert station.desk().pages == (), "it is said first what will happen"
    visitor.tap_until("interview_go", lambda: bool(station.desk().pages))
    visitor.wait_page("Entretien par vidéo")
    visitor.screen.key("Return")
    visitor.wait_title("On vous voit")
    wait_until(lambda: station.desk().capture is Capture.ON, 15, "the camera's sign")


def test_the_end_of_a_visit_ends_the_camera(station: RunningStation, visitor: Visitor) -> None:
    join(station, visitor)
    everything = station.processes(Component.BROWSER)
    cameras = [one for one in everything if any("VideoCapture" in word for word in words(one))]
    assert cameras, "else this test looks at nothing"
    ended(station, visitor)
    assert not any(one.is_running() for one in cameras)
    assert station.desk().capture is Capture.OFF


def words(process: psutil.Process) -> list[str]:
    with contextlib.suppress(psutil.Error):
        return process.cmdline()
    return []


def test_an_appointment_by_video(station: RunningStation, visitor: Visitor) -> None:
    screen = visitor.screen
    join(station, visitor)
    # The sign, left of "Clavier", while there is one page and no document.
    sign = (screen.width - 712, 48)
    screen.wait(lambda picture: picture.getpixel((sign[0] - 30, 20)) == FINISH, what="the sign on the bar")
    wait_until(lambda: taps_open(visitor, *sign), 15, "the way to stop it")
    visitor.tap_until("interview_stop", lambda: not station.desk().pages)
    wait_until(lambda: station.desk().capture is Capture.OFF, 15, "the sign's end")
    station.call("End")
