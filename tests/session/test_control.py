"""The control socket: each method's callers, by the kernel's word; and its description, as varlinkctl wants it."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from session import events, interface, rpc
from session.agent.attendance import Attendance
from session.control import INTERFACE, Control
from session.environment.cgroup import Cgroup, find_base
from session.environment.process import spawn
from session.environment.users import Users
from session.hearts import Hearts
from session.keys.port import Port
from session.model import Component, EndReason, Snapshot, State, Trouble
from session.published import Published
from session.records import Records
from session.rpc import Refused
from session.wipe import Place
from tests.session.talk import connected, other_tasks, pair, until

USERS = Users(64_900)
SCREEN, VISITOR, ROOT = USERS.screen, USERS.visitor, 0
GENERATION = 7


class Asked:
    """In the daemon's place: notes what is asked of it."""

    def __init__(self, directory: Path) -> None:
        self.hearts = Hearts()
        self.keys = Port(Place(directory / "environment", directory / "cgroups", USERS))
        self.published = Published(Snapshot(generation=GENERATION))
        self.events: list[events.Event] = []
        self.refuses = False
        self._directory = directory

    @property
    def records(self) -> Records:
        return Records(self._directory)

    @property
    def attendance(self) -> Attendance:
        return Attendance(self._directory, self._directory)

    async def ask(self, event: events.Event) -> None:
        if self.refuses:
            raise Refused("wrong_state")
        self.events.append(event)


@pytest.fixture
async def asked(tmp_path: Path) -> Asked:
    return Asked(tmp_path / "state")


@pytest.fixture
async def control(asked: Asked, tmp_path: Path) -> AsyncIterator[Path]:
    for directory in (tmp_path, *tmp_path.parents[:2]):
        directory.chmod(0o755)
    control = Control(asked, USERS)
    path = tmp_path / "control"
    await control.start(path)
    # The station's own mode keeps the visitor out already; here the table of methods has to.
    assert (path.lstat().st_mode & 0o777, path.lstat().st_gid) == (0o660, SCREEN)
    path.chmod(0o666)
    yield path
    await control.service.stop()
    await until(lambda: not other_tasks())


@pytest.mark.parametrize(
    ("name", "parameters", "users", "event"),
    [
        ("Status", {}, {SCREEN, ROOT}, None),
        ("Start", {}, {SCREEN}, events.Started()),
        ("MoreTime", {}, {SCREEN}, events.MoreTimeAsked()),
        ("Activity", {}, {SCREEN}, events.Activity()),
        ("End", {}, {SCREEN, ROOT}, events.EndAsked(EndReason.VISITOR)),
        ("Receipts", {}, {ROOT}, None),
        ("OutOfService", {"why": "panne"}, {ROOT}, events.ServiceAsked(State.OUT_OF_SERVICE, "panne")),
        ("Maintenance", {}, {ROOT}, events.ServiceAsked(State.MAINTENANCE, "")),
        ("InService", {}, {ROOT}, events.ServiceAsked(State.READY)),
    ],
)
async def test_each_method_has_its_callers(
    control: Path, asked: Asked, name: str, parameters: dict[str, Any], users: set[int], event: events.Event | None
) -> None:
    for uid in (SCREEN, ROOT, VISITOR, USERS.printing, USERS.scanning, 1_000):
        asked.events.clear()
        async with connected(control, uid) as caller:
            answer = await caller.call(f"{INTERFACE}.{name}", parameters)
        if uid not in users:
            assert answer == {"error": rpc.ERROR_DENIED, "parameters": {}}
            assert asked.events == []
        else:
            assert "error" not in answer
            if name == "End" and uid == ROOT:
                assert asked.events == [events.EndAsked(EndReason.AGENT)]
            else:
                assert asked.events == ([] if event is None else [event])


async def test_a_watcher_sees_each_snapshot_and_nobody_else_may_watch(control: Path, asked: Asked) -> None:
    async with connected(control, SCREEN) as caller, connected(control, VISITOR) as visitor:
        visitor.send(f"{INTERFACE}.Watch", more=True)
        assert (await visitor.answer())["error"] == rpc.ERROR_DENIED
        caller.send(f"{INTERFACE}.Watch", more=True)
        for sequence in range(5):
            asked.published.set(Snapshot(sequence=sequence, generation=GENERATION))
            answer = await caller.answer()
            assert answer["parameters"]["sequence"] == sequence
            assert answer["continues"] is True


async def test_what_is_refused_keeps_its_code(control: Path, asked: Asked) -> None:
    asked.refuses = True
    async with connected(control, SCREEN) as caller:
        answer = await caller.call(f"{INTERFACE}.Start")
    assert answer == {"error": rpc.ERROR_REFUSED, "parameters": {"code": "wrong_state"}}


@pytest.mark.parametrize(
    "why", ["a\nb", "\x1b[2J", "a\u202eb", "a\u2028b", "a\u2029b", "a\x00b", "\ud7ff\ue000", "\U000e0041"]
)
async def test_a_note_is_one_line_of_printable_text(control: Path, asked: Asked, why: str) -> None:
    async with connected(control) as caller:
        answer = await caller.call(f"{INTERFACE}.OutOfService", {"why": why})
        assert answer == {"error": rpc.ERROR_REFUSED, "parameters": {"code": "unprintable"}}
        answer = await caller.call(f"{INTERFACE}.OutOfService", {"why": "x" * 201})
        assert answer["error"] == rpc.ERROR_PARAMETER
        assert asked.events == []
        answer = await caller.call(f"{INTERFACE}.OutOfService", {"why": "Écran cassé, « réparation » demain"})
        assert answer == {"parameters": {}}


async def test_receipts_that_cannot_be_read_are_a_refusal(control: Path, asked: Asked, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("not a directory")
    async with connected(control) as caller:
        answer = await caller.call(f"{INTERFACE}.Receipts")
    assert answer == {"error": rpc.ERROR_REFUSED, "parameters": {"code": "state_unwritable"}}


# -- who speaks for an environment ---------------------------------------------------------------------------

_CALL = """
import socket, sys
connection = socket.socket(socket.AF_UNIX)
connection.connect(sys.argv[1])
connection.sendall(sys.argv[2].encode() + bytes(1))
sys.stdout.write(connection.recv(65536).rstrip(bytes(1)).decode())
"""


async def call_from(group: Cgroup, socket_path: Path, request: str, uid: int = SCREEN) -> str:
    """The answer to a request of a user's, in the screen's group, from a process in `group`."""
    program = ("/usr/bin/python3", "-S", "-c", _CALL, str(socket_path), request)
    argv = ["/usr/bin/setpriv", f"--reuid={uid}", f"--regid={SCREEN}", "--clear-groups", "--", *program]
    procs = group.open_procs()
    reading, writing = os.pipe2(os.O_CLOEXEC)
    try:
        process = await spawn(argv, cgroup_fd=procs, output=writing)
        await asyncio.wait_for(process.wait(), 5)
        return os.read(reading, 65_536).decode()
    finally:
        for descriptor in (procs, reading, writing):
            os.close(descriptor)


@pytest.mark.parametrize("name", ["Ready", "Alive", "BrowserHung", "Fail"])
async def test_only_a_process_of_the_present_environment_speaks_for_it(control: Path, asked: Asked, name: str) -> None:
    of_desk = name in ("BrowserHung", "Fail")
    parameters = {"Fail": '{"trouble":"no_browser"}', "BrowserHung": "{}"}.get(name, '{"component":"ui"}')
    request = f'{{"method":"{INTERFACE}.{name}","parameters":{parameters}}}'
    base = find_base(f"marchepied-test-{os.getpid()}")
    groups = {number: Cgroup(base / f"environment-{number}") for number in (GENERATION - 1, GENERATION, 77)}
    try:
        for number, group in groups.items():
            group.create()
            answer = await call_from(group.child("desk" if of_desk else "ui"), control, request)
            assert answer == ('{"parameters":{}}' if number == GENERATION else DENIED)
        another = await call_from(groups[GENERATION].child("guard"), control, request)
        assert another == DENIED, "a component spoke for another"
    finally:
        for group in groups.values():
            assert group.remove()
        base.rmdir()
    expected: dict[str, list[events.Event]] = {
        "Ready": [events.ComponentReady(Component.UI)],
        "Alive": [],
        "BrowserHung": [events.BrowserHung(GENERATION)],
        "Fail": [events.BuildFailed(GENERATION, Trouble.NO_BROWSER)],
    }
    assert asked.events == expected[name]
    assert asked.hearts.heard == ({Component.UI} if name == "Alive" else set())
    async with connected(control, SCREEN) as caller:
        caller.writer.write(request.encode() + b"\0")
        assert (await caller.answer())["error"] == rpc.ERROR_DENIED


async def test_the_scan_worker_says_that_it_lives_and_nothing_else(control: Path, asked: Asked) -> None:
    base = find_base(f"marchepied-test-{os.getpid()}")
    group = Cgroup(base / f"environment-{GENERATION}")
    group.create()
    answers = []
    try:
        for name, component in (("Alive", "scanner"), ("Alive", "ui"), ("Ready", "scanner"), ("End", None)):
            parameters = "{}" if component is None else f'{{"component":"{component}"}}'
            request = f'{{"method":"{INTERFACE}.{name}","parameters":{parameters}}}'
            answers.append(await call_from(group.child("scanner"), control, request, USERS.scanning))
    finally:
        assert group.remove()
        base.rmdir()
    assert answers == ['{"parameters":{}}', DENIED, DENIED, DENIED]
    assert asked.hearts.heard == {Component.SCANNER}
    assert asked.events == []


async def test_keys_and_scanners_are_the_desk_s_matter(control: Path) -> None:
    group = Cgroup(find_base(f"marchepied-test-{os.getpid()}") / f"environment-{GENERATION}")
    watching = f'{{"method":"{INTERFACE}.WatchKeys","more":true}}'
    bringing = f'{{"method":"{INTERFACE}.BringKey","parameters":{{"key":1,"mode":"read"}}}}'
    plugs = f'{{"method":"{INTERFACE}.WatchScanners","more":true}}'
    group.create()
    try:
        for request in (watching, bringing, plugs):
            assert await call_from(group.child("ui"), control, request) == DENIED
        assert await call_from(group.child("desk"), control, plugs) == '{"parameters":{"count":0},"continues":true}'
        assert await call_from(group.child("desk"), control, watching) == '{"parameters":{"keys":[]},"continues":true}'
        refused = await call_from(group.child("desk"), control, bringing)
        assert refused == '{"parameters":{"code":"no_key"},"error":"org.marchepied.Refused"}'
    finally:
        assert group.remove()
        group.path.parent.rmdir()


DENIED = '{"parameters":{},"error":"org.marchepied.Denied"}'

# -- org.varlink.service -------------------------------------------------------------------------------------

_NAME = r"[A-Z][A-Za-z0-9]*"
_FIELD = r"[A-Za-z](?:_?[A-Za-z0-9])*"


def parse(text: str) -> dict[str, str]:
    """Members of an interface description by name, after the grammar of https://varlink.org/Interface-Definition."""
    text = re.sub(r"#[^\n]*\n", "", text)
    head, *members = re.split(r"\n\s*(?=(?:method|type|error) )", text.strip())
    assert re.fullmatch(r"interface [a-z]([a-z0-9-]*[a-z0-9])*(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])*)+", head)
    found = {}
    for member in members:
        word, name, rest = re.fullmatch(rf"(\w+) ({_NAME}) ?(.*)", member, re.DOTALL).groups()  # type: ignore[union-attr]
        while (shorter := re.sub(_STRUCT, "object", rest)) != rest:
            rest = shorter
        assert re.fullmatch("object -> object" if word == "method" else "object", rest), member
        found[f"{word} {name}"] = member
    return found


_TYPE = rf"(?:\?|\[\]|\[string\])*(?:bool|int|float|string|object|{_NAME})"
_STRUCT = rf"\((?:{_FIELD}: {_TYPE}(?:, {_FIELD}: {_TYPE})*|{_FIELD}(?:, {_FIELD})*)?\)"


async def test_the_service_describes_itself(asked: Asked) -> None:
    async with pair(Control(asked, USERS).service) as caller:
        info = (await caller.call("org.varlink.service.GetInfo"))["parameters"]
        assert set(info) == {"vendor", "product", "version", "url", "interfaces"}
        assert info["interfaces"] == ["org.varlink.service", INTERFACE]
        texts = {}
        for name in info["interfaces"]:
            answer = await caller.call("org.varlink.service.GetInterfaceDescription", {"interface": name})
            texts[name] = answer["parameters"]["description"]
        assert texts["org.varlink.service"] == interface.SERVICE_DESCRIPTION
        answer = await caller.call("org.varlink.service.GetInterfaceDescription", {"interface": "org.example"})
        assert answer == {
            "error": "org.varlink.service.InterfaceNotFound",
            "parameters": {"interface": "org.example"},
        }
    assert "method GetInfo" in parse(texts["org.varlink.service"])
    members = parse(texts[INTERFACE])
    methods = {member.removeprefix("method ") for member in members if member.startswith("method ")}
    assert methods == {
        *("Status", "Watch", "Start", "MoreTime", "Activity", "End", "Ready", "Alive", "Fail", "BrowserHung"),
        *("OutOfService", "Maintenance", "InService", "Receipts"),
        *("CallAgent", "CancelCall", "AgentAsk", "AgentEnter", "AgentLeave", "AgentExtend", "AgentPrivate"),
        *("AgentAllowed", "AgentOutcome", "AgentEnd", "AgentOutOfService", "AgentMaintenance", "AgentInService"),
        *("WatchKeys", "BringKey", "WatchScanners"),
    }
    assert members["method Ready"] == "method Ready(component: Component) -> ()"
    assert members["method OutOfService"] == "method OutOfService(why: ?string) -> ()"
    assert members["type Component"] == "type Component (display, desk, browser, guard, ui, scanner)"
    assert members["method Watch"].startswith("method Watch() -> (sequence: int, state: State, generation: int, ")
    assert "trouble: ?Trouble" in members["method Watch"]
    # Every type that is named is there.
    named = {name for member in members.values() for name in re.findall(rf"[?\]: ]({_NAME})[,)]", member)}
    assert named <= {member.removeprefix("type ") for member in members}
