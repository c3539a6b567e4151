"""The voice's files and terms; that it really speaks in its sandbox is tests/system/test_voice.py's matter."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from session.environment import voice
from session.environment.tree import Tree
from session.environment.users import Users

USERS = Users(64_940)


def test_it_is_possible_where_everything_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    here = voice.Options(device="null")
    assert voice.possible(here)
    assert not voice.possible(msgspec.structs.replace(here, enabled=False))
    assert not voice.possible(msgspec.structs.replace(here, module="nobody"))
    assert not voice.possible(msgspec.structs.replace(here, module="generic")), "it runs shell commands"
    monkeypatch.setattr(voice, "_SOUND", str(tmp_path / "none"))
    assert not voice.possible(voice.Options()), "no sound card"
    monkeypatch.setattr(voice, "_SOUND", str(tmp_path))
    assert voice.possible(voice.Options())
    monkeypatch.setattr(voice, "PROGRAM", str(tmp_path / "none"))
    assert not voice.possible(here)


def test_its_logs_go_nowhere(tmp_path: Path) -> None:
    for name in ("sockets", "etc"):
        (tmp_path / name).mkdir()
    tree = Tree(tmp_path)
    voice.prepare(voice.Options(rate=-20), tree, USERS)
    logs = sorted((tree.home("voice") / "log").iterdir())
    assert [log.name for log in logs] == ["espeak-ng.log", "speech-dispatcher.log"]
    assert all(os.readlink(log) == "/dev/null" for log in logs)
    settings = (tree.etc / "speechd" / "speechd.conf").read_text("utf-8").splitlines()
    assert {"LogLevel 0", "DefaultModule espeak-ng", "DefaultRate -20", "DisableAutoSpawn"} <= set(settings)
    assert (tree.sockets / "voice").stat().st_mode & 0o777 == 0o700


def test_its_sandbox_has_no_network_no_display_and_no_socket_of_ours(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    sandbox = voice.sandbox(tree, USERS)
    assert not sandbox.network
    sources = {bind.source for bind in sandbox.binds}
    assert not {tree.sockets, tree.x11, tree.screen_cookie, tree.documents} & sources
    assert [bind.target for bind in sandbox.binds if bind.writable] == ["/home/voice", "/run/voice"]
    assert not any(name in ("DISPLAY", "XAUTHORITY") for name, _ in sandbox.environment)
