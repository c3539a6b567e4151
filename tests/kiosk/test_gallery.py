"""Every screen, in every language, as it is really drawn: nothing cut, nothing too small, buttons where they are
said to be.
"""

from __future__ import annotations

import pytest

from kiosk.theme import Colours, TextSize
from kiosk.words import LANGUAGES, NAMES, Words
from tests.kiosk import cases, positions
from tests.kiosk.gallery import Report

PLACES: dict[str, tuple[tuple[str, ...], str]] = {
    "start": (("welcome", "welcome_first_demonstration"), "welcome.start"),
    "understood": (("notice",), "notice.understood"),
    "finished": (
        ("notice", "what_for", "what_for_pages", "crashed", "restarting", "waiting", "warning_idle", "warning_no_more"),
        "common.finished",
    ),
    "back": (("pages", "shelf_many", "display"), "common.back"),
    "next_part": (("pages",), "common.more"),
    "more_sites": (("what_for", "what_for_pages"), "what_for.others"),
    "listen": (("welcome", "notice"), "speech.listen"),
    "yes": (("confirm_end",), "confirm_end.yes"),
    "no": (("confirm_end",), "confirm_end.no"),
    "reload": (("crashed",), "crashed.reload"),
    "display": (("welcome", "notice", "what_for", "pages", "shelf_many"), "display.button"),
    **{f"size_{size}": (("display",), f"display.{size}") for size in TextSize},
    **{f"colours_{colours}": (("display",), f"display.{colours}") for colours in Colours},
    "help_agent": (("help", "help_called", "help_private", "help_warning"), "common.agent"),
    "help_private_over": (("help_private",), "help.private_over"),
    "pin_cancel": (("pin", "pin_wrong", "pin_locked"), "pin.cancel"),
    "panel_back": (("panel", "panel_noted", "panel_closed", "panel_ready"), "agent_panel.leave"),
    "closed_agent": (("maintenance", "out_of_service_operator", "out_of_service_why_paper"), "common.agent"),
    "help_call": (("help", "help_private"), "help.call"),
    "help_cancel": (("help_called",), "help.cancel"),
    "interview_go": (("interview",), "interview.go"),
    "interview_stop": (("interview_on", "interview_possible"), "interview.stop"),
    "private_alone": (("private",), "private.alone"),
    "panel_extend": (("panel", "panel_noted"), "agent_panel.extend"),
    "panel_private": (("panel", "panel_noted"), "agent_panel.private"),
    "panel_outcome": (("panel", "panel_noted"), "agent_panel.outcome"),
    "panel_end": (("panel", "panel_noted"), "agent_panel.end"),
    "panel_close": (("panel", "panel_noted"), "agent_panel.close"),
    "panel_allow": (("panel", "panel_noted"), "agent_panel.allow"),
    "panel_first": (("panel_outcome",), "agent_panel.outcome_done"),
    "panel_reopen": (("panel_closed",), "agent_panel.reopen"),
    "panel_yes": (("panel_ending",), "agent_panel.end_yes"),
    "bar_help": (("bar", "bar_full"), "bar.help"),
    "hung_wait": (("hung",), "hung.wait"),
    "hung_again": (("hung",), "hung.again"),
    "crashed_home": (("crashed",), "common.home"),
    "bar_finished": (("bar", "bar_full", "bar_blocked"), "common.finished"),
    "bar_home": (("bar", "bar_full"), "bar.home"),
    "bar_back": (("bar", "bar_full"), "bar.back"),
    "bar_keyboard": (("bar", "bar_full"), "bar.keyboard"),
    "bar_pages": (("bar_full", "bar_insecure"), "bar.pages"),
}
"""Of a position: the cases that show it, and the key of what it says."""


def test_nothing_is_cut_small_or_beyond_the_edge(report: Report) -> None:
    assert report.faults == []


@pytest.mark.parametrize("name", PLACES)
def test_positions_are_inside_their_buttons(report: Report, name: str) -> None:
    names, key = PLACES[name]
    for language in LANGUAGES:
        text = Words(language)(key).split("{")[0]
        for case in names:
            assert _inside(report, name, case, language, text)


@pytest.mark.parametrize("number", range(6))
def test_positions_of_sites(report: Report, number: int) -> None:
    for case in ("what_for", "what_for_pages"):
        text = cases.TITLES[number][:20]
        assert _inside(report, f"site_{number}", case, "fr", text)


def test_the_pad_has_its_digits_where_it_is_said_and_never_in_one_order(report: Report) -> None:
    orders = set()
    for width, height in positions.SIZES:
        digits = ""
        for number, (x, y) in enumerate(positions.pad_keys(width, height)):
            found = [
                target.text
                for target in report.targets
                if (target.case, target.language, target.width, target.height) == ("pin", "fr", width, height)
                if target.text_size is TextSize.NORMAL
                if target.left + 10 <= x <= target.right - 10 and target.top + 10 <= y <= target.bottom - 10
            ]
            assert len(found) == 1
            assert number in (9, 11) or found[0].isdecimal()
            digits += found[0] if found[0].isdecimal() else ""
        assert sorted(digits) == list("0123456789")
        orders.add(digits)
    assert len(orders) == len(positions.SIZES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_positions_of_the_rest(report: Report, language: str) -> None:
    say = Words(language)
    for case, name, text in (
        ("warning_idle", "more_time", say("warning.stay")),
        ("warning_over", "more_time", say("warning.more_time")),
        ("bar_full", "bar_larger", "A+"),
        ("bar", "bar_smaller", "A−"),
        *(("welcome", f"language_{other}", NAMES[other]) for other in LANGUAGES),
    ):
        assert _inside(report, name, case, language, text)


def _centre(name: str, width: int, height: int, *, mirrored: bool) -> tuple[int, int]:
    x, y = positions.centre(name, width, height)
    return width - x if mirrored else x, y


def _inside(report: Report, name: str, case: str, language: str, text: str) -> bool:
    """Whether the point is inside the button, at least 10 pixels from its edges, at every size that was drawn."""
    found = [
        target.left + 10 <= x <= target.right - 10 and target.top + 10 <= y <= target.bottom - 10
        for target in report.targets
        if (target.case, target.language, target.text_size) == (case, language, TextSize.NORMAL)
        and target.text.startswith(text)
        and (target.width, target.height) in positions.SIZES
        for x, y in [_centre(name, target.width, target.height, mirrored=Words(language).mirrored)]
    ]
    return bool(found) and all(found)
