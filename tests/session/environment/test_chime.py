"""The sounds themselves, and the sandbox in which they are made."""

from __future__ import annotations

import io
import wave
from array import array
from pathlib import Path

import msgspec
import pytest

from session.environment import chime
from session.environment.chime import Sound
from session.environment.tree import Tree
from session.environment.users import Users

USERS = Users(64_944)


def test_it_is_possible_where_it_could_be_heard(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    here = chime.Options(device="null")
    assert chime.possible(here)
    assert not chime.possible(msgspec.structs.replace(here, enabled=False))
    monkeypatch.setattr(chime, "_SOUND_CARDS", str(tmp_path / "none"))
    assert not chime.possible(chime.Options()), "no sound card"
    monkeypatch.setattr(chime, "_SOUND_CARDS", str(tmp_path))
    assert chime.possible(chime.Options())
    monkeypatch.setattr(chime, "PROGRAM", str(tmp_path / "none"))
    assert not chime.possible(here)


@pytest.mark.parametrize("sound", Sound)
def test_a_sound_is_short_and_begins_and_ends_softly(sound: Sound) -> None:
    with wave.open(io.BytesIO(chime.wav(sound))) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        assert 0.3 < file.getnframes() / file.getframerate() < 1.2
        samples = array("h", file.readframes(file.getnframes()))
    assert max(samples) > 10_000
    assert max(map(abs, samples[:5])) < 500
    assert max(map(abs, samples[-5:])) < 500


def test_the_two_are_told_apart() -> None:
    assert chime.wav(Sound.CALLED) != chime.wav(Sound.WARNING)


def test_its_sandbox_has_no_network_no_display_and_no_socket_of_ours(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    sandbox = chime.sandbox(chime.Options(), Sound.CALLED, tree, USERS)
    assert not sandbox.network
    assert not {tree.sockets, tree.x11, tree.screen_cookie, tree.documents} & {bind.source for bind in sandbox.binds}
    assert [bind.target for bind in sandbox.binds if bind.writable] == ["/home/chime"]
