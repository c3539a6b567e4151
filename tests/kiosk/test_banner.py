"""What is said of the network and the memory, and when."""

from __future__ import annotations

import msgspec

from kiosk import banner
from session.model import Network, Snapshot, State
from session.pages import Capture
from tests.kiosk import cases
from tests.kiosk.cases import session

CUT, LOW = session(network=Network.DOWN), session(memory_low=True)


def test_what_lasts() -> None:
    assert banner.trouble(None) is banner.trouble(session()) is None
    assert banner.trouble(CUT) == banner.trouble(Snapshot(state=State.READY, network=Network.DOWN)) == "network"
    assert banner.trouble(LOW) == banner.trouble(msgspec.structs.replace(CUT, memory_low=True)) == "memory"


def test_a_camera_is_told_of_as_it_is() -> None:
    assert banner.capture(None) is banner.capture(cases.TWO) is None
    assert banner.capture(msgspec.structs.replace(cases.TWO, capture=Capture.ON)) == "interview.on"
    assert banner.capture(msgspec.structs.replace(cases.TWO, capture=Capture.POSSIBLE)) == "interview.possible"


def test_what_is_said_once() -> None:
    assert banner.news(session(), CUT) == "banner.network_short"
    assert banner.news(CUT, session()) == "banner.network_back"
    assert banner.news(session(), LOW) == "banner.memory_short"
    assert banner.news(CUT, CUT) is banner.news(LOW, session()) is banner.news(None, CUT) is None


def test_nobody_is_told_who_is_not_there() -> None:
    assert banner.news(Snapshot(state=State.READY), Snapshot(state=State.READY, network=Network.DOWN)) is None
    assert banner.news(Snapshot(state=State.READY), CUT) is None, "the notice of a new visit comes first"
