"""Somebody who sees nothing finds on each screen what it says and what can be done, by voice and keys alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from kiosk import bidi
from kiosk.words import LANGUAGES, NAMES, Words
from tests.kiosk import cases
from tests.kiosk.fakes import FakeStation, until
from tests.kiosk.reader import Ear, Reader
from tests.kiosk.test_app import Hands, Ui
from tests.kiosk.xvfb import xvfb


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    with xvfb(1280, 800) as name:
        yield name


@pytest.fixture
async def blind(display: str, tmp_path: Path) -> AsyncIterator[tuple[Ui, Reader]]:
    hands = Hands(display)
    (tmp_path / "voice").mkdir()
    with Ear(tmp_path / "voice" / "ssip", -1) as ear:
        async with FakeStation(tmp_path) as station:
            ui = Ui(station, hands, display)
            ui.show("welcome")
            await ui.ready()
            assert await until(ear.connected.is_set)
            yield ui, Reader(ear, hands)
            ear.endless = False
            ui.kill()
    hands.display.close()


async def in_thread(function: object, *arguments: object) -> list[str]:
    """The reader waits as people do, while the fakes go on."""
    return await asyncio.to_thread(function, *arguments)  # type: ignore[arg-type]


async def test_each_screen_says_all_that_is_on_it(blind: tuple[Ui, Reader]) -> None:
    """By its outline, as `test_outline` holds it against the pictures: each text once, each button as one."""
    ui, reader = blind
    say = Words("fr")
    await in_thread(reader.press, "Tab", "Commencer, bouton")
    for name, title, button in (
        ("welcome", "welcome.title", "welcome.start"),
        ("notice", "notice.title", "notice.understood"),
        ("crashed", "crashed.title", "crashed.reload"),
        ("hung", "hung.title", "hung.wait"),
        ("warning_over", "warning.over_title", "warning.more_time"),
        ("restarting", "restarting.title", "common.finished"),
        ("out_of_service_operator", "out_of_service.title", ""),
    ):
        if name != "welcome":
            ui.show(name)
            heard = await in_thread(reader.hear, 5.0) if button else []
            if button:
                assert " ".join(say(title).split()) in heard, name
                assert f"{say(button)}, bouton" in heard, name
        await in_thread(reader.seek, say("speech.listen"))
        everything = await in_thread(reader.press, "Return", " ".join(say(title).split()))
        assert everything[0] == cases.SETTINGS.station
        assert len(everything) == len(set(everything))
        if button:
            assert f"{say(button)}, bouton" in everything


async def test_a_warning_is_said_to_whoever_is_there(blind: tuple[Ui, Reader]) -> None:
    """Nobody has pressed anything. There is a document: that it would be lost is said."""
    ui, reader = blind
    ui.show("bar")
    assert await until(lambda: ui.station.guard.calls[-1][1].get("mode") == "bar")
    assert await in_thread(reader.hear, 1.0) == []
    ui.show("warning_idle")
    heard = await in_thread(reader.hear, 5.0)
    assert heard[1:3] == [
        "Êtes-vous toujours là ?",
        "1 document n’est ni envoyé, ni imprimé, ni copié. Il sera effacé.",
    ]
    assert heard[3].startswith("Fin dans ")
    assert heard[4:] == ["Je suis là, je continue, bouton", "Aide, bouton", "J’ai fini, bouton"]


async def test_the_same_button_reads_and_is_quiet(blind: tuple[Ui, Reader]) -> None:
    """While the voice still says what the keyboard has come to, "Écouter" begins; while it reads, it stops."""
    _ui, reader = blind
    reader.ear.endless = True
    await in_thread(reader.press, "Tab", "Commencer, bouton")
    await in_thread(reader.seek, "Écouter")
    for _ in range(2):
        heard = await in_thread(reader.press, "Return", cases.SETTINGS.station)
        assert heard == [cases.SETTINGS.station], "it is at the first thing still"
        reader.keys.key("Return")
        assert await in_thread(reader.hear, 1.0) == []


async def test_a_refusal_is_said(blind: tuple[Ui, Reader]) -> None:
    ui, reader = blind
    ui.station.control.refuse["Start"] = "wrong_state"
    await in_thread(reader.press, "Tab", "Commencer, bouton")
    await in_thread(reader.press, "Return", Words("fr").refusal("wrong_state"))


async def test_the_languages_are_found_and_spoken(blind: tuple[Ui, Reader]) -> None:
    _ui, reader = blind
    await in_thread(reader.press, "Tab", "Commencer, bouton")
    for language in (*LANGUAGES[1:], LANGUAGES[0]):
        await in_thread(reader.seek, NAMES[language])
        chosen = bidi.bare(Words(language)("speech.chosen", words=NAMES[language]))
        await in_thread(reader.press, "Return", chosen)
        await in_thread(reader.seek, Words(language)("welcome.start"))
        reader.keys.key("Left" if Words(language).mirrored else "Right")
        said = await in_thread(reader.hear, 3.0)
        assert NAMES[LANGUAGES[0]] in said[-1], "on, in the direction in which one reads"


async def test_a_word_is_explained(blind: tuple[Ui, Reader]) -> None:
    ui, reader = blind
    say, guard = Words("fr"), ui.station.guard
    await in_thread(reader.press, "Tab", "Commencer, bouton")
    ui.show("bar")
    assert await until(lambda: guard.calls[-1][1].get("mode") == "bar")
    await in_thread(reader.hear)
    await in_thread(reader.seek, say("bar.help"))
    title = " ".join(say("help.title").split())
    await in_thread(reader.press, "Return", title)
    await in_thread(reader.seek, say("help.words"))
    await in_thread(reader.press, "Return", say("glossary.title"))
    await in_thread(reader.seek, say("glossary.attachment"))
    await in_thread(reader.press, "Return", say("glossary.attachment"))
    await in_thread(reader.seek, say("speech.listen"))
    assert say("glossary.attachment_means") in await in_thread(reader.press, "Return", say("glossary.attachment_means"))
    await in_thread(reader.press, "Escape", say("glossary.title"))
    await in_thread(reader.press, "Escape", title)
    await in_thread(reader.press_until, "Escape", lambda: guard.calls[-1][1].get("mode") == "bar")


async def test_what_is_opened_from_the_bar(blind: tuple[Ui, Reader]) -> None:
    ui, reader = blind
    guard = ui.station.guard
    await in_thread(reader.press, "Tab", "Commencer, bouton")
    ui.show("bar_full")
    assert await until(lambda: guard.calls[-1][1].get("mode") == "bar")
    for button, first, inside in (
        ("Pages", "Vos pages ouvertes", "Fermer Page 1 : mes derniers remboursements, bouton"),
        ("Documents", "Vos documents", "Suite (1 sur 2), bouton"),
        ("J’ai fini", "Avez-vous fini ?", "Oui, j’ai fini, bouton"),
    ):
        await in_thread(reader.hear)
        await in_thread(reader.seek, button)
        heard = await in_thread(reader.press, "Return", first)
        assert heard[0] == first
        await in_thread(reader.seek, inside)
        if button != "J’ai fini":
            await in_thread(reader.press_until, "Escape", lambda: guard.calls[-1][1].get("mode") == "bar")
    assert ui.station.control.count("End") == 0
    await in_thread(reader.press_until, "Return", lambda: ui.station.control.called("End"))
