"""What is said for as long as it lasts, on our screens and in the bar: no network, little memory, a camera that is on.

No Kivy here.
"""

from __future__ import annotations

from session.model import Network, Snapshot, State
from session.pages import Capture, DeskSnapshot

_IN_SESSION = (State.ACTIVE, State.WARNING)


def trouble(snapshot: Snapshot | None) -> str | None:
    """`memory` or `network`, the graver first; None for neither."""
    if snapshot is None:
        return None
    if snapshot.memory_low:
        return "memory"
    return "network" if snapshot.network is Network.DOWN else None


def capture(desk: DeskSnapshot | None) -> str | None:
    """The key of what is said of camera and microphone; None while both are off."""
    if desk is None or desk.capture is Capture.OFF:
        return None
    return "interview.on" if desk.capture is Capture.ON else "interview.possible"


def news(before: Snapshot | None, after: Snapshot) -> str | None:
    """The key of what is said once to a visitor as it changes; None for nothing."""
    if before is None or before.state not in _IN_SESSION or after.state not in _IN_SESSION:
        return None
    if after.memory_low and not before.memory_low:
        return "banner.memory_short"
    if before.network is not after.network:
        return "banner.network_short" if after.network is Network.DOWN else "banner.network_back"
    return None
