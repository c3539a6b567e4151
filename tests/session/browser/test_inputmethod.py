"""Which text field has the focus: the input method by itself, and on the real browser's bus."""

from __future__ import annotations

import asyncio
import os
import subprocess

import pytest
from dbus_fast import Message, MessageType

from session.browser.inputmethod import MAX_CONTEXTS, InputMethod
from session.browser.services import Service
from session.environment import bus
from session.environment.users import Users
from session.pages import FieldKind
from tests.session.browser.conftest import Visitor, needs_browser
from tests.session.browser.harness import USERS, Browser, Screen, descendants
from tests.session.browser.test_desk_pages import shows

MAKER, CONTEXT = "org.fcitx.Fcitx.InputMethod1", "org.fcitx.Fcitx.InputContext1"


def call(interface: str, member: str, path: str = "/x", sender: str = ":1.5") -> Message:
    message = Message(destination=":1.1", path=path, interface=interface, member=member, serial=7)
    message.sender = sender
    return message


@pytest.fixture
def changes() -> list[FieldKind | None]:
    return []


@pytest.fixture
def method(changes: list[FieldKind | None]) -> InputMethod:
    one = InputMethod(lambda: changes.append(one.field))
    return one


def made(method: Service, sender: str = ":1.5") -> str:
    answer = method.answer(call(MAKER, "CreateInputContext", sender=sender))
    assert answer is not None
    assert answer.signature == "oay"
    return str(answer.body[0])


def test_a_field_has_the_focus_until_it_loses_it(method: InputMethod, changes: list[FieldKind | None]) -> None:
    path = made(method)
    for member in ("FocusIn", "SetCapability", "FocusIn", "FocusOut", "SetCursorRect", "FocusOut"):
        answer = method.answer(call(CONTEXT, member, path))
        assert answer is not None
        assert answer.message_type is MessageType.METHOD_RETURN
    assert changes == [FieldKind.TEXT, None]


def test_keys_are_given_back(method: InputMethod) -> None:
    path = made(method)
    method.answer(call(CONTEXT, "FocusIn", path))
    assert not method.keyed
    answer = method.answer(call(CONTEXT, "ProcessKeyEvent", path))
    assert answer is not None
    assert (answer.signature, answer.body) == ("b", [False])
    assert method.keyed
    method.answer(call(CONTEXT, "FocusOut", path))
    method.answer(call(CONTEXT, "FocusIn", path))
    assert not method.keyed


def test_a_context_that_goes_takes_the_focus_with_it(method: InputMethod, changes: list[FieldKind | None]) -> None:
    first, second = made(method), made(method)
    method.answer(call(CONTEXT, "FocusIn", second))
    method.answer(call(CONTEXT, "DestroyIC", first))
    assert method.field is FieldKind.TEXT
    method.answer(call(CONTEXT, "DestroyIC", second))
    assert changes == [FieldKind.TEXT, None]
    method.answer(call(CONTEXT, "FocusIn", made(method)))
    method.end()
    assert changes == [FieldKind.TEXT, None, FieldKind.TEXT, None]


def test_contexts_of_others_are_not_there(method: InputMethod) -> None:
    path = made(method)
    assert method.answer(call(CONTEXT, "FocusIn", path, sender=":1.6")) is None
    assert method.answer(call(CONTEXT, "FocusIn", "/x")) is None
    assert method.answer(call("org.example", "FocusIn", path)) is None
    assert method.answer(call(MAKER, "Other", path)) is None
    assert method.field is None


def test_contexts_are_not_endless(method: InputMethod) -> None:
    for _ in range(MAX_CONTEXTS):
        made(method)
    assert method.answer(call(MAKER, "CreateInputContext")) is None


def test_the_bus_lets_in_two_users_and_starts_nothing() -> None:
    text = bus.configuration(Users(60_900))
    assert text.count('<allow user="') == 2
    assert '<allow user="60900"/>' in text
    assert '<allow user="60901"/>' in text
    assert text.count("servicedir") == 2
    assert bus.kept()[1].endswith("\nExec=/usr/bin/true\n")
    for word in ("standard_session", "include", "ANONYMOUS", 'own="*"/>\n    <allow own'):
        assert word not in text


# The real browser


@needs_browser
async def test_the_desk_hears_of_text_fields(visitor: Visitor, screen: Screen) -> None:
    await visitor.call("Open", site="portail")
    await visitor.sees(shows("Accueil"))
    assert visitor.snapshot.field is None
    await visitor.by_key(screen, "Return", shows("Connexion"), "the log-in page")
    await visitor.sees(lambda s: s.field is FieldKind.TEXT, "the name, which has the focus at once")
    seen = await visitor.by_key(screen, "Tab", lambda s: s.field is None, "what is no text field")
    assert shows("Connexion")(seen)
    await visitor.by_key(screen, "shift+Tab", lambda s: s.field is FieldKind.TEXT, "a text field again")


@needs_browser
async def test_a_new_desk_hears_of_them_too(visitor: Visitor, screen: Screen) -> None:
    """The desk of this test is another than that of the one before, on the same browser."""
    await visitor.call("Open", site="portail")
    await visitor.by_key(screen, "Return", shows("Connexion"), "the log-in page")
    await visitor.sees(lambda s: s.field is FieldKind.TEXT, "the name")


@needs_browser
async def test_nobody_else_comes_in(screen: Screen, visitor: Visitor) -> None:
    assert visitor.snapshot.field is None
    path = screen.tree.bus / bus.SOCKET.name
    assert await asyncio.to_thread(_greeting, path, USERS.visitor) == b"OK"
    assert await asyncio.to_thread(_greeting, path, USERS.screen) == b"OK"
    with pytest.raises(PermissionError):
        await asyncio.to_thread(_greeting, path, USERS.printing)


def _greeting(path: object, user: int) -> bytes:
    """What the bus answers to this user's EXTERNAL. Raises PermissionError."""
    script = (
        "import os,socket,sys\n"
        "os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[2]))\n"
        "s = socket.socket(socket.AF_UNIX)\n"
        "try: s.connect(sys.argv[1])\n"
        "except PermissionError: sys.exit(13)\n"
        "s.sendall(b'\\0AUTH EXTERNAL ' + sys.argv[2].encode().hex().encode() + b'\\r\\n')\n"
        "print(s.recv(100).decode()[:2])"
    )
    done = subprocess.run(["/usr/bin/python3", "-c", script, str(path), str(user)], capture_output=True, check=False)
    if done.returncode == 13:
        raise PermissionError
    return done.stdout.strip()


@needs_browser
def test_the_bus_is_in_the_browsers_sandbox(browser: Browser) -> None:
    daemons = []
    for pid in descendants(browser.process.pid):
        with open(f"/proc/{pid}/comm", encoding="ascii") as file:
            if file.read().strip() == "dbus-daemon":
                daemons.append(pid)
    (daemon,) = daemons
    assert os.stat(f"/proc/{daemon}").st_uid == USERS.visitor
