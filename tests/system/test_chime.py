"""A station makes a sound when the agent is called and before a visit ends; into a file: there is no sound card."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from session.model import State
from tests.station.harness import RunningStation, wait_until

FIRST_UID = 62_408
DEVICE = "tee:null,'/home/chime/heard.raw',raw"
"""The voice's sandbox has no such directory: so this station has no voice, and sounds all the same."""


@pytest.fixture
def station() -> Iterator[RunningStation]:
    with RunningStation(
        name="net", first_uid=FIRST_UID, voice_device=DEVICE, minutes=2, idle_minutes=0.2, warning_seconds=4,
        extension_minutes=1,
    ) as one:  # fmt: skip
        yield one


def heard(sound: Path) -> bool:
    return sound.exists() and any(sound.read_bytes())


def test_it_sounds_without_a_voice(station: RunningStation) -> None:
    sound = station.place.tree(station.begin()) / "chime" / "heard.raw"
    station.wait_state(State.ACTIVE)
    assert not sound.exists()
    station.call("CallAgent")
    wait_until(lambda: heard(sound), 15, "the sound of a call")
    sound.unlink()
    station.wait_state(State.WARNING)
    wait_until(lambda: heard(sound), 15, "the sound of a warning")
    ready = station.wait_state(State.READY, 60, after=1)
    assert ready.last_wipe is not None
    assert ready.last_wipe.verified
    assert "no sound" not in station.log.read_text("utf-8")
