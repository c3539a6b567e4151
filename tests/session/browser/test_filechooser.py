"""The portal by which Chromium chooses files: its calls as they come, and as nobody should make them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from dbus_fast import Message, MessageType, Variant

from session.browser import filechooser
from session.browser.filechooser import MAX_ASKED, FileChooser, Front

CHOOSER, REQUEST = "org.freedesktop.portal.FileChooser", "org.freedesktop.portal.Request"
PATH = "/org/freedesktop/portal/desktop"
FRONT = Front("page1", "Impôts")
PDF = Variant("(sa(us))", ["PDF", [[0, "*.[pP][dD][fF]"]]])
FILTERS = Variant("a(sa(us))", [["PDF", [[0, "*.[pP][dD][fF]"]]], ["Tous les fichiers", [[0, "*"]]]])


class Bus:
    """One end of the line: what was said on it."""

    def __init__(self) -> None:
        self.said: list[Message] = []

    def send(self, msg: Message) -> None:
        self.said.append(msg)

    async def hears(self, number: int = 1) -> list[tuple[Any, ...]]:
        async with asyncio.timeout(5):
            while len(self.said) < number:
                await asyncio.sleep(0)
        for one in self.said:
            assert (one.message_type, one.interface, one.member) == (MessageType.SIGNAL, REQUEST, "Response")
            one._marshall(False)  # it can be sent
        return [(one.destination, one.path, one.body[0], _plain(one.body[1])) for one in self.said]


def _plain(results: dict[str, Variant]) -> dict[str, Any]:
    return {name: value.value for name, value in results.items()}


class Held:
    def __init__(self) -> None:
        self.bus = Bus()
        self.front: Front | None = FRONT
        self.changes = self.fresh = 0
        self.full = False
        self.chooser = FileChooser(lambda: self.front, self._changed, self._save, self._anew)
        self.chooser.begin(self.bus, "bus1")

    def _changed(self) -> None:
        self.changes += 1

    def _anew(self) -> None:
        self.fresh += 1

    def _save(self, name: str) -> str:
        if self.full:
            raise OSError
        return f"file:///d/{name}"

    def call(self, member: str, options: dict[str, Variant], **changes: Any) -> Message | None:
        values = {"path": PATH, "interface": CHOOSER, "signature": "ssa{sv}", "body": ["x11:0x1", "Ouvrir", options]}
        message = Message(destination=":1.1", member=member, serial=7, **{**values, **changes})
        message.sender = changes.get("sender", ":1.5")
        return self.chooser.answer(message)

    def ask(self, token: str = "t", **options: Variant) -> str:  # noqa: S107 - it is no secret
        answer = self.call("OpenFile", {"handle_token": Variant("s", token), **options})
        assert answer is not None
        assert answer.signature == "o"
        return str(answer.body[0])


@pytest.fixture
def held() -> Held:
    return Held()


async def test_a_file_is_given(held: Held) -> None:
    handle = held.ask("abc", filters=FILTERS, modal=Variant("b", True))
    assert handle == f"{PATH}/request/1_5/abc"
    (asked,) = held.chooser.asked
    assert (asked.front, asked.several, asked.patterns) == (FRONT, False, ("*.[pP][dD][fF]",))
    held.chooser.give(asked.id, ["file:///run/given/x/y.pdf"])
    assert await held.bus.hears() == [(":1.5", handle, 0, {"uris": ["file:///run/given/x/y.pdf"]})]
    assert not held.chooser.asked
    assert held.changes == 2
    held.chooser.give(asked.id, ["file:///z"])  # too late
    assert len(await held.bus.hears()) == 1


async def test_nothing_is_given(held: Held) -> None:
    held.ask()
    held.chooser.give(held.chooser.asked[0].id, ())
    ((_, _, response, results),) = await held.bus.hears()
    assert (response, results) == (1, {})


async def test_what_is_taken_is_the_first_filter_or_the_chosen_one(held: Held) -> None:
    held.ask("a", filters=FILTERS, current_filter=PDF, multiple=Variant("b", True))
    held.ask("b", filters=Variant("a(sa(us))", [["Tout", [[0, "*"]]]]))
    held.ask("c", filters=Variant("a(sa(us))", [["Images", [[1, "image/*"], [0, "x" * 101]]]]))
    held.ask("d")
    assert [one.patterns for one in held.chooser.asked] == [("*.[pP][dD][fF]",), (), ("image/*",), ()]
    assert [one.several for one in held.chooser.asked] == [True, False, False, False]


async def test_a_folder_is_not_given(held: Held) -> None:
    handle = held.ask(directory=Variant("b", True))
    assert await held.bus.hears() == [(":1.5", handle, 1, {})]
    assert (held.chooser.asked, held.chooser.folders) == ((), 1)


async def test_nobody_asks_from_a_page_that_is_not_seen(held: Held) -> None:
    held.front = None
    handle = held.ask()
    assert await held.bus.hears() == [(":1.5", handle, 1, {})]
    assert held.chooser.asked == ()


async def test_whoever_asked_may_leave_it(held: Held) -> None:
    handle = held.ask()
    other = {"interface": REQUEST, "signature": "", "body": []}
    assert held.call("Close", {}, path=handle, sender=":1.6", **other) is None
    assert held.chooser.asked
    assert held.call("Close", {}, path=handle, **other) is not None
    assert not held.chooser.asked
    assert not held.bus.said


async def test_a_thousand_requests_are_a_few(held: Held) -> None:
    handles = [held.ask(f"t{number}") for number in range(1000)]
    assert [one.handle for one in held.chooser.asked] == handles[:MAX_ASKED]
    answers = await held.bus.hears(1000 - MAX_ASKED)
    assert {(handle, response) for _, handle, response, _ in answers} == {(one, 1) for one in handles[MAX_ASKED:]}
    held.ask("t0")  # the same once more
    assert len(held.chooser.asked) == MAX_ASKED


async def test_a_page_saves_without_a_question(held: Held) -> None:
    held.call("SaveFile", {"current_name": Variant("s", "reçu.pdf")})
    held.call("SaveFiles", {"files": Variant("aay", [b"a\0", b"b\xff\0"])})
    first, second = await held.bus.hears(2)
    assert first[2:] == (0, {"uris": ["file:///d/reçu.pdf"]})
    assert second[2:] == (0, {"uris": ["file:///d/a", "file:///d/b�"]})
    held.full = True
    held.call("SaveFile", {"current_name": Variant("s", "x")})
    assert (await held.bus.hears(3))[-1][2] == 1
    assert held.chooser.asked == ()


async def test_it_says_that_it_is_there(held: Held) -> None:
    asked = {"interface": "org.freedesktop.DBus.Properties", "signature": "ss"}
    answer = held.call("Get", {}, body=[CHOOSER, "version"], **asked)
    assert answer is not None
    assert answer.body[0] == Variant("u", filechooser.VERSION)
    assert held.call("Get", {}, body=["org.freedesktop.portal.Camera", "version"], **asked) is None


@pytest.mark.parametrize(
    "options",
    [
        {"handle_token": Variant("s", "../../x")},
        {"handle_token": Variant("s", "")},
        {"handle_token": Variant("s", "é" * 1000)},
        {},
    ],
)
async def test_a_token_that_is_none_gets_another(held: Held, options: dict[str, Variant]) -> None:
    answer = held.call("OpenFile", options)
    assert answer is not None
    assert answer.body[0] == f"{PATH}/request/1_5/marchepied1"


@pytest.mark.parametrize(
    ("options", "changes"),
    [
        ({"multiple": Variant("s", "yes")}, {}),
        ({"filters": Variant("as", ["*"])}, {}),
        ({"handle_token": Variant("u", 1)}, {}),
        ({}, {"signature": "s", "body": ["x"]}),
        ({}, {"sender": "org.example.Name"}),
    ],
)
async def test_what_is_not_as_described_is_an_error(
    held: Held, options: dict[str, Variant], changes: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=r"."):
        held.call("OpenFile", options, **changes)
    assert held.chooser.asked == ()


async def test_others_calls_are_not_ours(held: Held) -> None:
    assert held.call("OpenURI", {}, interface="org.freedesktop.portal.OpenURI") is None
    assert held.call("OpenFile", {}, path="/elsewhere") is None
    assert held.call("Other", {}) is None


async def test_the_same_bus_comes_back_and_another_does_not(held: Held) -> None:
    handle = held.ask()
    held.chooser.end()
    held.chooser.begin(held.bus, "bus1")
    (asked,) = held.chooser.asked
    later = Held()
    later.chooser.end()
    later.chooser.restore("bus1", held.chooser.asked)
    later.chooser.begin(later.bus, "bus1")
    later.chooser.give(asked.id, ["file:///x"])
    assert await later.bus.hears() == [(":1.5", handle, 0, {"uris": ["file:///x"]})]
    held.chooser.end()
    held.chooser.begin(held.bus, "bus2")
    assert held.chooser.asked == ()
    assert held.fresh == 2
