"""The voice: a real speech-dispatcher, real speech, and samples that are no silence."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kiosk import bidi
from kiosk.speech import voice as module
from kiosk.speech.voice import DEFAULT_LEVEL, LEVELS, Said, Voice
from tests.kiosk.fakes import until
from tests.kiosk.speaker import Speaker, speaker

LONG = "Faites vos démarches en ligne sur cet ordinateur. Sans compte, sans donner votre nom. " * 40


class Told:
    """A voice, and what it said that it was saying."""

    def __init__(self, socket: Path) -> None:
        self.said: list[str] = []
        self.voice = Voice(socket, self._changed)

    def _changed(self) -> None:
        if self.voice.now is not None:
            self.said.append(self.voice.now.text)


@contextlib.asynccontextmanager
async def running(socket: Path) -> AsyncIterator[Told]:
    told = Told(socket)
    task = asyncio.create_task(told.voice.run())
    try:
        yield told
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def told(tmp_path: Path) -> AsyncIterator[tuple[Told, Speaker]]:
    with speaker(tmp_path) as one:
        async with running(one.socket) as told:
            assert await until(lambda: told.voice.offered)
            yield told, one


async def test_it_says_one_thing_after_another_and_is_heard(told: tuple[Told, Speaker]) -> None:
    one, speaker = told
    assert speaker.loud == 0, "it proved itself without a sound"
    texts = [Said("Bonjour.", "fr"), Said(".et\n.deux\n\n.", "fr"), Said("Good morning", "en"), Said("Dag", "nl")]
    one.voice.read(texts)
    assert await until(lambda: not one.voice.speaking)
    assert one.said == [text.text for text in texts]
    assert await until(lambda: speaker.loud > 10_000)


async def test_it_reads_arabic_as_arabic(told: tuple[Told, Speaker]) -> None:
    """A voice of another language spells it letter by letter, which takes far longer."""
    one, speaker = told
    lengths = []
    for language in ("ar", "fr"):
        before = speaker.loud
        one.voice.read([Said(f"هل تحتاج إلى مساعدة؟ {bidi.isolated('ameli.fr')}", language)])
        assert await until(lambda: not one.voice.speaking, 60)
        lengths.append(speaker.loud - before)
    assert 10_000 < lengths[0] < 0.6 * lengths[1]


async def test_it_is_silent_at_once(told: tuple[Told, Speaker]) -> None:
    one, _speaker = told
    one.voice.read([Said(LONG, "fr"), Said("Jamais.", "fr")])
    assert await until(lambda: one.voice.now is not None)
    one.voice.stop()
    stopped = time.monotonic()
    assert await until(lambda: not one.voice.speaking)
    assert time.monotonic() - stopped < 1
    one.voice.read([Said("Autre chose.", "fr")])
    assert await until(lambda: "Autre chose." in one.said and not one.voice.speaking)
    assert "Jamais." not in one.said


async def test_new_words_take_the_place_of_the_old(told: tuple[Told, Speaker]) -> None:
    one, _speaker = told
    one.voice.read([Said(LONG, "fr")])
    assert await until(lambda: one.voice.now is not None)
    one.voice.read([Said("Commencer, bouton", "fr")])
    assert await until(lambda: one.said[-1] == "Commencer, bouton" and not one.voice.speaking)


async def test_it_is_as_loud_as_it_was_told(told: tuple[Told, Speaker]) -> None:
    one, speaker = told
    loud = []
    for by in (-9, 9):
        one.voice.turn(by)
        before = _energy(speaker)
        one.voice.read([Said("Bonjour, tout le monde.", "fr")])
        assert await until(lambda: not one.voice.speaking)
        loud.append(_energy(speaker) - before)
    assert (one.voice.level, LEVELS[one.voice.level]) == (len(LEVELS) - 1, 100)
    assert loud[1] > 2 * loud[0] > 0


def _energy(speaker: Speaker) -> int:
    data = speaker.sound.read_bytes()
    return sum(abs(int.from_bytes(data[at : at + 2], "little", signed=True)) for at in range(0, len(data) - 1, 2))


async def test_a_voice_that_is_not_there(tmp_path: Path) -> None:
    async with running(tmp_path / "nobody") as told:
        assert not await until(lambda: told.voice.offered, 0.3)
        told.voice.read([Said("Bonjour.", "fr")])
        assert not told.voice.speaking, "it pretends nothing"


async def test_a_voice_without_a_sound_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PROBE_SECONDS", 1.0)
    with speaker(tmp_path, "plughw:7") as one:
        assert await until(one.socket.exists)
        async with running(one.socket) as told:
            assert not await until(lambda: told.voice.offered, 2)


async def test_it_comes_back(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    link = tmp_path / "ssip"
    with speaker(first) as one:
        link.symlink_to(one.socket)
        async with running(link) as told:
            assert await until(lambda: told.voice.offered)
            told.voice.read([Said(LONG, "fr")])
            assert await until(lambda: told.voice.now is not None)
            link.unlink()
            with speaker(second) as other:
                link.symlink_to(other.socket)
                one.end()
                assert await until(lambda: not told.voice.offered)
                assert not told.voice.speaking
                assert await until(lambda: told.voice.offered)
                assert told.voice.level == DEFAULT_LEVEL


async def test_nothing_of_it_is_kept(told: tuple[Told, Speaker], tmp_path: Path) -> None:
    one, speaker = told
    one.voice.read([Said("Motsecretdevisite.", "fr")])
    assert await until(lambda: bool(one.said) and not one.voice.speaking)
    found = [
        path
        for path in tmp_path.rglob("*")
        if path.is_file() and path != speaker.sound and b"Motsecret" in path.read_bytes()
    ]
    assert found == []
    assert [path.name for path in (tmp_path / "voice" / "log").iterdir() if not path.is_symlink()] == []
