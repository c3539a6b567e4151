"""How often a PIN may be tried, over restarts of the daemon and of the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from session.agent.tries import FILE, FREE, PAUSES, Locked, Tries, pause


class Clock:
    def __init__(self, now: float = 100.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def spoil(tries: Tries, clock: Clock, times: int) -> None:
    for _ in range(times):
        clock.now = tries.locked_until or clock.now
        tries.begin()


def test_the_pauses_grow_to_the_last_one() -> None:
    assert [pause(wrong) for wrong in range(9)] == [0, 0, 0, *PAUSES, PAUSES[-1]]


def test_three_wrong_tries_lead_to_a_pause_and_a_right_one_ends_it_all(tmp_path: Path) -> None:
    clock = Clock()
    tries = Tries(tmp_path, "a", clock)
    for _ in range(FREE):
        assert tries.locked_until is None
        tries.begin()
    assert tries.locked_until == 130.0
    with pytest.raises(Locked):
        tries.begin()
    clock.now = 130.0
    assert tries.locked_until is None
    tries.begin()
    assert tries.locked_until == 190.0
    clock.now = 190.0
    tries.begin()
    tries.right()
    assert tries.locked_until is None
    spoil(tries, clock, FREE - 1)
    assert tries.locked_until is None


def test_a_new_daemon_goes_on_counting(tmp_path: Path) -> None:
    clock = Clock()
    spoil(Tries(tmp_path, "a", clock), clock, FREE)
    clock.now += 10
    again = Tries(tmp_path, "a", clock)
    assert again.locked_until == 130.0
    with pytest.raises(Locked):
        again.begin()


def test_a_try_counts_before_it_is_answered(tmp_path: Path) -> None:
    """Whoever ends the daemon in the middle has used it up."""
    clock = Clock()
    for _ in range(FREE):
        Tries(tmp_path, "a", clock).begin()
    assert Tries(tmp_path, "a", clock).locked_until == 130.0


def test_a_new_run_of_the_machine_begins_the_pause_anew(tmp_path: Path) -> None:
    clock = Clock(5_000.0)
    spoil(Tries(tmp_path, "a", clock), clock, FREE + 1)
    after = Tries(tmp_path, "b", Clock(7.0))
    assert after.locked_until == 7.0 + PAUSES[1]


def test_what_cannot_be_read_gives_no_tries(tmp_path: Path) -> None:
    for content in (b"", b"{", b'{"boot":"a","wrong":-1,"until":0}', b'{"boot":"a","wrong":0,"until":0,"x":1}'):
        (tmp_path / FILE).write_bytes(content)
        assert Tries(tmp_path, "a", Clock()).locked_until == 100.0 + PAUSES[0]


def test_the_file_is_roots_alone(tmp_path: Path) -> None:
    Tries(tmp_path / "state", "a", Clock()).begin()
    assert (tmp_path / "state" / FILE).stat().st_mode & 0o777 == 0o600


def test_without_a_disk_there_is_no_try(tmp_path: Path) -> None:
    (tmp_path / f"{FILE}.new").mkdir()
    tries = Tries(tmp_path, "a", Clock())
    with pytest.raises(OSError, match="directory"):
        tries.begin()
