"""The tracker alone: who is in front, what is listed, what is opened again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from session import wire
from session.browser import errors
from session.browser.devtools import TargetInfo
from session.browser.pages import MAX_PAGES, Activate, Close, Tracker, clean
from session.desk.documents import MAX_DOCUMENTS, MAX_NAME
from session.pages import DeskSnapshot, Document, Page, PageState, Settings, Site

SETTINGS = Settings(
    sites=(
        Site("impots", "Les impôts", "https://www.impots.example/", ("login.example",)),
        Site("caf", "La CAF", "https://caf.example/"),
        Site("caf2", "La CAF, autrement", "https://caf.example/autre"),
    )
)
GUIDE = errors.ORIGIN + "/page.html#"


def page(target: str, url: str = "https://caf.example/", title: str = "t", opener: str | None = None) -> TargetInfo:
    return TargetInfo(target, "page", title, url, opener)


def tracker(*targets: TargetInfo) -> Tracker:
    one = Tracker(SETTINGS)
    one.put(page("anchor", GUIDE + "ready"))
    one.place("anchor", 1)
    one.anchor = "anchor"
    for target in targets:
        one.put(target)
        one.place(target.target_id, 1)
    return one


def ids(one: Tracker) -> list[str]:
    return [listed.id for listed in one.pages()]


def test_the_anchor_internal_pages_and_workers_are_not_listed() -> None:
    one = tracker(page("a"), TargetInfo("w", "service_worker", "", GUIDE))
    one.put(page("internal", "chrome://omnibox-popup.top-chrome/"))
    one.put(page("unplaced"))
    assert ids(one) == ["a"]
    assert one.windowless() == ["unplaced"]


def test_nothing_comes_to_the_front_while_our_own_screens_are_there() -> None:
    one = tracker(page("a"), page("b", opener="a"))
    assert one.active is None
    assert one.take_commands() == []


def test_what_the_front_page_opens_comes_to_the_front_and_goes_back() -> None:
    one = tracker(page("a"), page("z"))
    one.show("z")
    one.show("a")
    one.take_commands()
    one.put(page("b", opener="a"))
    one.place("b", 2)
    assert one.active == "b"
    assert one.take_commands() == [Activate("b")]
    assert [listed.popup for listed in one.pages()] == [False, False, True]
    one.drop("b")
    assert one.active == "a"
    one.drop("a")
    assert one.active == "z", "the one before"
    one.drop("z")
    assert one.active is None
    assert one.take_commands()[-1] == Activate("anchor")


def test_what_another_page_opens_stays_behind() -> None:
    one = tracker(page("a"), page("b"))
    one.show("a")
    one.put(page("c", opener="b"))
    one.place("c", 1)
    assert one.active == "a"


def test_states_and_names() -> None:
    one = tracker(page("a", "https://login.example/x"), page("b", "http://www.impots.example/"), page("c"))
    one.put(page("a", GUIDE + "blocked", "Ici, non"))
    one.crash("c")
    assert one.pages() == (
        Page("a", "", "", False, PageState.BLOCKED),
        Page("b", "t", "Les impôts", False, PageState.OPEN),
        Page("c", "t", "caf.example", True, PageState.CRASHED),
    )
    assert one.address_of("a") == ("https://login.example/x", None)
    one.opened("c", "https://caf.example/autre", "caf2")
    assert one.pages()[2].site == "La CAF, autrement"
    one.put(page("c", "https://elsewhere.example/"))
    assert one.pages()[2].site == "elsewhere.example"
    assert one.pages()[2].state is PageState.OPEN


def test_a_page_that_hangs_is_the_one_in_front_until_it_is_borne_or_says_something_new() -> None:
    one = tracker(page("a"), page("b"))
    one.hang()
    assert {found.state for found in one.pages()} == {PageState.OPEN}, "our own screens are there"
    one.show("b")
    for target, title in (("b", "t"), ("b", "done")):
        one.hang()
        one.put(page("b"))
        assert [found.state for found in one.pages()] == [PageState.OPEN, PageState.HUNG]
        one.bear(target) if title == "t" else one.put(page(target, title=title))
        assert [found.state for found in one.pages()] == [PageState.OPEN, PageState.OPEN]


def test_an_address_is_not_shown_as_a_title() -> None:
    one = tracker(page("a", "https://caf.example/x?secret=1", "caf.example/x?secret=1"))
    assert one.pages()[0].title == ""


def test_what_is_opened_again() -> None:
    one = tracker(page("a", "https://caf.example/1"), page("b", "about:blank"), page("d"))
    one.put(page("p", "https://caf.example/popup", opener="a"))
    one.place("p", 2)
    one.put(page("a", GUIDE + "down"))
    one.show("a")
    again = one.to_reopen()
    assert [(entry.url, entry.active) for entry in again] == [
        ("https://caf.example/1", True),
        ("https://caf.example/", False),
    ]
    one.forget()
    assert one.pages() == ()
    assert one.active is None


def test_an_anchor_that_crashed_is_replaced() -> None:
    one = tracker(page("a"))
    one.crash("anchor")
    assert one.anchor is None
    assert one.take_commands() == [Close("anchor")]
    assert ids(one) == ["a"]


def test_pages_without_end_are_closed() -> None:
    one = tracker(*(page(f"p{number}") for number in range(MAX_PAGES + 10)))
    assert [command for command in one.take_commands() if isinstance(command, Close)]


@given(st.text(max_size=500))
def test_cleaned_text_is_one_short_line(text: str) -> None:
    cleaned = clean(text)
    assert len(cleaned) <= 80
    assert cleaned == clean(cleaned)
    assert not set(cleaned) & set("\n\r\t\0\u202e\u2066\u200f\x1b")


def test_the_largest_snapshot_fits_into_one_frame() -> None:
    wide = "\U0001f9ff" * 80
    snapshot = DeskSnapshot(
        pages=tuple(Page("F" * 32, wide, wide, True, PageState.CERTIFICATE, True) for _ in range(MAX_PAGES + 4)),
        documents=tuple(Document("f" * 25, wide[:MAX_NAME], 1 << 40, False) for _ in range(MAX_DOCUMENTS)),
    )
    assert len(wire.encode({"parameters": snapshot, "continues": True})) < wire.MAX_FRAME


@st.composite
def events(draw: st.DrawFn) -> list[tuple[str, str, str | None]]:
    names = st.sampled_from("abcdefgh")
    kinds = st.sampled_from(("put", "drop", "crash", "show", "home", "place"))
    return draw(st.lists(st.tuples(kinds, names, st.none() | names), max_size=60))


@given(events())
def test_the_front_page_is_always_one_that_is_there(steps: list[tuple[str, str, str | None]]) -> None:
    one = tracker()
    for kind, name, opener in steps:
        match kind:
            case "put":
                one.put(page(name, opener=opener))
            case "show" if one.has(name):
                one.show(name)
            case "home":
                one.home()
            case "place":
                one.place(name, 1)
            case "drop":
                one.drop(name)
            case "crash":
                one.crash(name)
        assert one.active is None or one.active in ids(one)
        for command in one.take_commands():
            assert isinstance(command, Close) or command.target == one.anchor or one.has(command.target)


def test_what_the_site_of_a_page_takes() -> None:
    sites = tuple(
        Site(id_, id_, url, limit=limit)
        for id_, url, limit in (
            ("a", "https://a.example/", 2_000_000),
            ("b1", "https://b.example/", 1_000_000),
            ("b2", "https://b.example/other", 5_000_000),
            ("c", "https://c.example/", 0),
        )
    )
    one = Tracker(Settings(sites=sites))
    for name in "abcd":
        one.put(page(name, f"https://{name}.example/form"))
    assert [one.limit_of(name) for name in "abcde"] == [2_000_000, None, None, None, None]
    one.opened("b", "https://b.example/other", "b2")
    assert one.limit_of("b") == 5_000_000, "of two on one host, that which was opened here"
