"""What is told of the network and the memory, in every state; and a station that needs no network."""

from __future__ import annotations

from pathlib import Path

import pytest

from session import config, events, sessiond
from session.model import EndReason, Network
from tests.session.test_machine import STATES, active, run


def test_the_network_is_told_in_every_state_and_changes_nothing_else() -> None:
    for make in STATES.values():
        before = make()
        station, effects = run(before, events.NetworkChanged(Network.DOWN), now=1.0)
        assert (station.public.network, station.public.state, effects) == (Network.DOWN, before.public.state, [])
        station, _ = run(station, events.NetworkChanged(Network.UP), now=2.0)
        assert station.public.network is Network.UP


def test_a_cut_outlives_a_visit_and_little_memory_does_not() -> None:
    station, _ = run(active(), events.NetworkChanged(Network.DOWN), events.MemoryChanged(True))
    assert station.public.memory_low
    ended, _ = run(station, events.EndAsked(EndReason.VISITOR))
    assert (ended.public.network, ended.public.memory_low) == (Network.DOWN, False)
    late, _ = run(ended, events.MemoryChanged(True))
    assert not late.public.memory_low, "a watcher that came too late"


@pytest.mark.parametrize(
    ("sites", "watches"),
    [
        ((), False),
        (("http://portail.localhost:8001/",), False),
        (("http://portail.localhost:8001/", "https://www.exemple.fr/"), True),
        (("https://www.exemple.fr/",), True),
    ],
)
def test_a_station_whose_sites_are_all_here_needs_no_network(
    sites: tuple[str, ...], watches: bool, tmp_path: Path
) -> None:
    lines = ["[demonstration]", "enabled = true", "ports = [8001]"]
    for number, url in enumerate(sites):
        lines += ["[[sites]]", f'id = "s{number}"', 'title = "S"', f'url = "{url}"']
    configured = config.parse("\n".join(lines).encode(), tmp_path / "station.toml")
    station = sessiond.station_of(configured, tmp_path, tmp_path, None)
    assert station.watches_network is watches
