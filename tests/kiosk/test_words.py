"""The words: complete in every language, used, and put together rightly."""

from __future__ import annotations

import json
import re
import string
import subprocess
import time
import typing
from pathlib import Path

import polib
import pytest

from kiosk import bidi, theme, words
from kiosk.client import Failure
from kiosk.glossary import Term
from kiosk.keyboard.layouts import ORDER, Do
from kiosk.view import Panel
from session.config.station import Identity
from session.model import OUTCOMES, ClosedWhy, Trouble
from session.pages import PageState

KIOSK = Path(words.__file__).parent
SOURCES = "\n".join(
    path.read_text("utf-8") for kind in ("*.py", "*.kv") for path in KIOSK.rglob(kind) if "guard" not in path.parts
)
COMPUTED = (
    *("closed.", "closed_next."),
    *("out_of_service.", "trouble_page.", "refusal.", "format.month_", "display.", "agent_panel."),
    *("speech.button", "speech.chosen", "keyboard.", *(f"glossary.{term}" for term in Term)),
    *("scan_problem.", "scan_remedy.", "correction.", "origin.", "label.", "unfit.", "key_problem.", "key_remedy."),
    *("print_problem.", "print_remedy.", "print_refusal.", "print_choices.", "theme.", "need.", "status."),
)
"""Groups whose keys are put together from codes; tested below and in test_recorded."""


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def _catalogue(language: str) -> dict[str, polib.POEntry]:
    """The entries of the file itself, by key."""
    entries = list(polib.pofile(str(words.path_of(language))))
    found = {str(entry.msgctxt): entry for entry in entries}
    assert len(found) == len(entries), "a key is there twice"
    return found


def _known() -> tuple[set[str], set[str]]:
    """The keys of texts, and of those that count something."""
    catalogue = words.load("fr")
    return set(catalogue.texts), set(catalogue.counted)


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_gettext_takes_the_catalogue_and_nothing_is_missing(language: str) -> None:
    """Among what msgfmt checks: the rule of plurals, a form for each case of it, and the placeholders of every text."""
    done = subprocess.run(
        ["msgfmt", "--check", "--statistics", "--output-file=/dev/null", str(words.path_of(language))],
        check=True,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
    )
    assert re.search(r"^\d+ translated messages\.$", done.stderr, re.M), done.stderr
    assert "untranslated" not in done.stderr


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_every_text_is_translated_from_the_present_french_one(language: str) -> None:
    """`msgmerge` marks as fuzzy what a change of the French text has left behind."""
    french, other = _catalogue("fr"), _catalogue(language)
    assert {key: (entry.msgid, entry.msgid_plural) for key, entry in other.items()} == {
        key: (entry.msgid, entry.msgid_plural) for key, entry in french.items()
    }
    assert [key for key, entry in other.items() if not entry.translated() or entry.obsolete] == []


def test_the_french_text_is_what_is_translated() -> None:
    for key, entry in _catalogue("fr").items():
        said = [entry.msgstr_plural[form] for form in (0, 1)] if entry.msgid_plural else [entry.msgstr]
        assert said == [text for text in (entry.msgid, entry.msgid_plural) if text], key


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_the_placeholders_are_those_that_the_program_fills(language: str) -> None:
    for key, entry in _catalogue(language).items():
        if not entry.msgid_plural:
            assert _placeholders(entry.msgstr) == _placeholders(entry.msgid), key
            assert ("python-brace-format" in entry.flags) == bool(_placeholders(entry.msgid)), key
            continue
        filled = _placeholders(entry.msgid_plural)
        assert "n" in filled, key
        assert "python-brace-format" in entry.flags, key
        for form in entry.msgstr_plural.values():
            # "One page", "two pages": a form for one number need not name it. That it is one, msgfmt checks.
            assert filled - {"n"} <= _placeholders(form) <= filled, key


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_no_text_is_empty_or_has_loose_spaces(language: str) -> None:
    for key, entry in _catalogue(language).items():
        for text in entry.msgstr_plural.values() if entry.msgid_plural else [entry.msgstr]:
            assert text == text.strip() != "", key
            assert "  " not in text, key
            assert all(ord(letter) < 0x2100 for letter in text), key


def test_every_key_in_the_code_exists() -> None:
    texts, counted = _known()
    assert set(re.findall(r"""(?:say|words|texts\.get)\(\s*["']([a-z_.]+)["']""", SOURCES)) <= texts
    assert set(re.findall(r'\.count\(\s*"([a-z_.]+)"', SOURCES)) <= counted


def test_every_key_is_used() -> None:
    for key in set.union(*_known()):
        if not key.startswith(COMPUTED):
            assert re.search(rf"""["']{re.escape(key)}["']""", SOURCES), key


def test_codes_have_words() -> None:
    known, _ = _known()
    assert {f"keyboard.{name}" for name in ("space", Do.REVEAL, Do.CLOSE, *ORDER)} <= known
    assert {f"out_of_service.{trouble}" for trouble in Trouble} <= known
    assert {f"out_of_service.why_{why}" for why in ClosedWhy} <= known
    assert {f"agent_panel.close_{why}" for why in ClosedWhy} | {f"agent_panel.{act}" for act in OUTCOMES} <= known
    assert {f"agent_panel.{part}_{panel}" for part in ("title", "lead") for panel in Panel} <= known
    assert {f"trouble_page.{state}" for state in PageState if state is not PageState.OPEN} <= known
    assert {f"refusal.{failure}" for failure in Failure} <= known
    assert {f"display.{look}" for look in (*theme.TextSize, *theme.Colours)} <= known
    assert {f"glossary.{term}{end}" for term in Term for end in ("", "_means")} <= known
    assert {f"format.month_{month}" for month in range(1, 13)} <= known


def test_refusals_of_what_the_ui_calls_have_words() -> None:
    root = KIOSK.parent
    ours = [root / "session" / name for name in ("machine.py", "desk/desk.py", "desk/allowances.py", "desk/papers.py")]
    called = [*ours, root / "kiosk" / "guard" / "service.py"]
    codes = {code for path in called for code in re.findall(r'Refused\("([a-z_]+)"\)', path.read_text("utf-8"))}
    assert {"no_extension_left", "no_picker"} <= codes
    codes |= {"no_folder", "no_upload"}  # which are said of what no call of ours was refused for
    assert {f"refusal.{code}" for code in codes - {"no_key"}} <= _known()[0]


def test_refusals_that_nobody_foresaw_get_general_words() -> None:
    say = words.Words("fr")
    assert say.refusal("no_extension_left") == say("refusal.no_extension_left")
    assert say.refusal("{surprise}") == say("refusal.other")


def test_a_key_that_does_not_exist_is_an_error() -> None:
    say = words.Words("nl")
    with pytest.raises(KeyError):
        say("welcome.nothing")
    with pytest.raises(KeyError):
        say.count("welcome.title", 1)
    with pytest.raises(KeyError):
        say("pages.close_one", name="x")


def test_french_typography() -> None:
    say = words.Words("fr")
    assert say("what_for.title") == "Que voulez-vous faire\N{NO-BREAK SPACE}?"
    assert "'" not in "".join(say.texts.values())
    assert "'" not in "".join(say.count(key, number) for key in words.load("fr").counted for number in (1, 2))


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


def test_arabic_counts_in_its_own_way() -> None:
    say = words.Words("ar")
    counted = {number: say.count("documents.mine", number) for number in (1, 2, 3, 10, 11, 26, 100, 103)}
    assert counted[1] == "وثيقة واحدة"
    assert counted[2] == "وثيقتان"
    assert (counted[3], counted[10], counted[103]) == ("3 وثائق", "10 وثائق", "103 وثائق")
    assert (counted[11], counted[26], counted[100]) == ("11 وثيقة", "26 وثيقة", "100 وثيقة")


def test_in_arabic_names_stand_apart_and_numbers_do_not() -> None:
    say = words.Words("ar")
    now = time.mktime((2026, 8, 15, 14, 5, 0, 0, 0, -1))
    assert say.mirrored
    assert not words.Words("nl").mirrored
    assert say("what_for.opening", site="La Poste") == f"جارٍ فتح {bidi.isolated('La Poste')}…"
    assert "14:05" in say.clock(now, now)
    assert say.seconds(430) == "0,4 ث"


def test_the_configuration_and_the_guide_know_the_same_languages() -> None:
    hint = typing.get_type_hints(Identity, include_extras=True)["language"]
    assert typing.get_args(typing.get_args(hint)[0]) == words.LANGUAGES
    guide = KIOSK.parent / "session" / "browser" / "guide"
    said = {path.parent.name: json.loads(path.read_bytes()) for path in guide.glob("_locales/*/messages.json")}
    assert set(said) == set(words.LANGUAGES)
    assert {frozenset(one) for one in said.values()} == {frozenset(said["fr"])}
    script = (guide / "page.js").read_text("utf-8")
    assert f"LANGUAGES = {list(words.LANGUAGES)}" in script
    assert [one for one in words.LANGUAGES if words.Words(one).mirrored] == ["ar"]
    assert "language === 'ar' ? 'rtl' : 'ltr'" in script
