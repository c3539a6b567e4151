"""The words: complete in every language, used, and put together rightly."""

from __future__ import annotations

import re
import string
import time
from pathlib import Path

import pytest

from kiosk import theme, words
from kiosk.client import Failure
from kiosk.keyboard.layouts import ORDER, Do
from kiosk.view import Panel
from session.model import OUTCOMES, ClosedWhy, Trouble
from session.pages import PageState

KIOSK = Path(words.__file__).parent
SOURCES = "\n".join(
    path.read_text("utf-8") for kind in ("*.py", "*.kv") for path in KIOSK.rglob(kind) if "guard" not in path.parts
)
COMPUTED = (
    *("out_of_service.", "trouble_page.", "refusal.", "format.month_", "display.", "agent_panel."),
    *("speech.button", "speech.chosen", "keyboard."),
    *("scan_problem.", "scan_remedy.", "correction.", "origin.", "label.", "unfit.", "key_problem.", "key_remedy."),
    *("print_problem.", "print_remedy.", "print_refusal.", "print_choices.", "theme.", "need.", "status."),
)
"""Groups whose keys are put together from codes; tested below and in test_recorded."""


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", words.LANGUAGES[1:])
def test_languages_have_the_same_keys_and_placeholders(language: str) -> None:
    first, other = words.load(words.LANGUAGES[0]), words.load(language)
    assert set(other) == set(first)
    assert {key: _placeholders(text) for key, text in other.items()} == {
        key: _placeholders(text) for key, text in first.items()
    }


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_no_text_is_empty_or_has_loose_spaces(language: str) -> None:
    for key, text in words.load(language).items():
        assert text == text.strip() != "", key
        assert "  " not in text, key
        assert all(ord(letter) < 0x2100 for letter in text), key


def test_every_key_in_the_code_exists() -> None:
    known = set(words.load("fr"))
    plain = set(re.findall(r"""(?:say|words|texts\.get)\(\s*["']([a-z_.]+)["']""", SOURCES))
    assert plain <= known
    counted = set(re.findall(r'\.count\(\s*"([a-z_.]+)"', SOURCES))
    assert {f"{key}.{form}" for key in counted for form in ("one", "other")} <= known


def test_every_key_is_used() -> None:
    for key in words.load("fr"):
        if not key.startswith(COMPUTED):
            name = key.removesuffix(".one").removesuffix(".other")
            assert re.search(rf"""["']{re.escape(name)}["']""", SOURCES), key


def test_codes_have_words() -> None:
    known = words.load("fr")
    assert {f"keyboard.{name}" for name in ("space", Do.REVEAL, Do.CLOSE, *ORDER)} <= set(known)
    assert {f"out_of_service.{trouble}" for trouble in Trouble} <= set(known)
    assert {f"out_of_service.why_{why}" for why in ClosedWhy} <= set(known)
    assert {f"agent_panel.close_{why}" for why in ClosedWhy} | {f"agent_panel.{act}" for act in OUTCOMES} <= set(known)
    assert {f"agent_panel.{part}_{panel}" for part in ("title", "lead") for panel in Panel} <= set(known)
    assert {f"trouble_page.{state}" for state in PageState if state is not PageState.OPEN} <= set(known)
    assert {f"refusal.{failure}" for failure in Failure} <= set(known)
    assert {f"display.{look}" for look in (*theme.TextSize, *theme.Colours)} <= set(known)
    assert {f"format.month_{month}" for month in range(1, 13)} <= set(known)


def test_refusals_of_what_the_ui_calls_have_words() -> None:
    root = KIOSK.parent
    ours = [root / "session" / name for name in ("machine.py", "desk.py", "allowances.py")]
    called = [*ours, root / "kiosk" / "guard" / "service.py"]
    codes = {code for path in called for code in re.findall(r'Refused\("([a-z_]+)"\)', path.read_text("utf-8"))}
    assert "no_extension_left" in codes
    assert {f"refusal.{code}" for code in codes - {"no_key"}} <= set(words.load("fr"))


def test_refusals_that_nobody_foresaw_get_general_words() -> None:
    say = words.Words("fr")
    assert say.refusal("no_extension_left") == say("refusal.no_extension_left")
    assert say.refusal("{surprise}") == say("refusal.other")


def test_french_typography() -> None:
    say = words.Words("fr")
    assert say("what_for.title") == "Que voulez-vous faire\N{NO-BREAK SPACE}?"
    assert "'" not in "".join(words.load("fr").values())


def test_numbers() -> None:
    french, english = words.Words("fr"), words.Words("en")
    assert french.count("pages.open", 1) == "1 page ouverte"
    assert french.count("pages.open", 2) == "2 pages ouvertes"
    assert french.count("warning.countdown", 0) == "Fin dans 0 seconde"
    assert english.count("warning.countdown", 0) == "Ends in 0 seconds"
    assert (french.size(10), french.size(340_400), french.size(1_250_000)) == ("1 ko", "340 ko", "1,2 Mo")
    assert (french.seconds(430), english.seconds(20)) == ("0,4 s", "0.1 s")


def test_moments() -> None:
    now = time.mktime((2026, 8, 15, 14, 5, 0, 0, 0, -1))
    assert words.Words("fr").clock(now, now) == "à 14 h 05"
    assert words.Words("en").clock(now, now + 86_400) == "on 15 August at 14:05"
    assert words.Words("nl").clock(now, now + 86_400) == "op 15 augustus om 14:05"
