"""The sandbox: what its command line says, and what a real browser in it can see and do."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from session.browser import sandbox
from session.environment.tree import Tree
from session.environment.users import Users
from tests.session.browser.conftest import needs_browser
from tests.session.browser.harness import USERS, Browser, Screen, descendants, wait_for

VISITOR = 64_801


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def test_every_parent_is_made_readable_before_it_is_needed(tree: Tree) -> None:
    argv = sandbox.argv(tree, VISITOR)
    made = {"/", "/usr", "/proc", "/dev"}
    words = iter(argv[: argv.index("--")])
    for word in words:
        if word == "--perms":
            assert next(words) in ("0755", "1777")
        elif word == "--dir":
            made.add(next(words))
        elif "bind" in word:
            next(words)
            target = next(words)
            assert str(Path(target).parent) in made, target
            made.add(target)


def test_only_the_environment_is_writable(tree: Tree) -> None:
    argv = sandbox.argv(tree, VISITOR)
    writable = [argv[index + 1] for index, word in enumerate(argv) if word == "--bind"]
    assert {Path(path).parent for path in writable} == {tree.browser, tree.root}
    assert "--remount-ro" in argv
    assert not any("no-sandbox" in word for word in argv)
    assert "--unshare-net" not in argv


def test_a_gpu_only_where_the_station_has_one(tree: Tree) -> None:
    assert "--disable-gpu" in sandbox.argv(tree, VISITOR)
    with_gpu = sandbox.argv(tree, VISITOR, sandbox.Options(gpu=True))
    assert "--disable-gpu" not in with_gpu
    assert "/dev/dri" in with_gpu


def test_locks_are_removed_and_links_are_not_followed(tree: Tree, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "SingletonLock").touch()
    home = tree.browser / "home"
    home.mkdir(parents=True)
    (home / "profile").symlink_to(elsewhere)
    sandbox.clear_locks(tree)
    assert (elsewhere / "SingletonLock").exists()
    (home / "profile").unlink()
    sandbox.clear_locks(tree)
    (home / "profile").mkdir()
    (home / "profile" / "SingletonLock").symlink_to("gone-1")
    (home / "profile" / "Cookies").touch()
    sandbox.clear_locks(tree)
    assert os.listdir(home / "profile") == ["Cookies"]


def test_prepared_files_are_roots_and_readable(tree: Tree) -> None:
    tree.etc.mkdir()
    sandbox.prepare(tree, Users(VISITOR - 1), b"{}", sandbox.Options(extra_hosts=("127.0.0.1 essai",)))
    for path in tree.etc.rglob("*"):
        mode = path.stat().st_mode
        assert stat.S_IMODE(mode) == (0o755 if path.is_dir() else 0o644), path
    assert "visitor:x:64801:64801:" in (tree.etc / "passwd").read_text("ascii")
    assert "127.0.0.1 essai" in (tree.etc / "hosts").read_text("ascii")


@needs_browser
def test_chromiums_own_sandbox_is_on(screen: Screen, browser: Browser) -> None:
    renderers: list[int] = []

    def filtered() -> bool:
        # A renderer that was just forked is not yet under its filter, and Chromium keeps one in store.
        renderers[:] = [pid for pid in descendants(browser.process.pid) if "--type=renderer" in _command(pid)]
        return bool(renderers) and all(_status(pid).get("Seccomp") == "2" for pid in renderers)

    wait_for(filtered, "every renderer under seccomp")
    main = next(pid for pid in descendants(browser.process.pid) if _command(pid).startswith(sandbox.CHROMIUM))
    status = _status(main)
    assert status["Uid"].split() == [str(USERS.visitor)] * 4
    assert status["Gid"].split() == [str(USERS.visitor)] * 4
    assert status["Groups"] == ""
    assert status["NoNewPrivs"] == "1"
    assert {status[name] for name in ("CapPrm", "CapEff", "CapInh", "CapBnd")} == {"0" * 16}
    assert status["Umask"] == "0007"
    for pid in renderers:
        status = _status(pid)
        assert status["NoNewPrivs"] == "1"
        for namespace in ("user", "pid", "net"):
            assert _namespace(pid, namespace) != _namespace(main, namespace)
    assert _namespace(main, "user") == _namespace(os.getpid(), "user")
    for namespace in ("pid", "mnt", "ipc", "uts", "cgroup"):
        assert _namespace(main, namespace) != _namespace(os.getpid(), namespace)
    root = Path(f"/proc/{main}/root")
    assert {path.name for path in root.iterdir()} <= {
        *("bin", "dev", "etc", "home", "lib", "lib64", "proc", "run", "sbin", "tmp", "usr"),
    }
    assert {path.name for path in (root / "run").iterdir()} == {"bus", "display", "given", "guide", "visitor"}
    assert {path.name for path in (root / "home").iterdir()} == {"visitor"}
    assert (root / "etc/passwd").read_text("ascii").count("\n") == 2
    mounts = Path(f"/proc/{main}/mounts").read_text("ascii").splitlines()
    writable = {line.split()[1] for line in mounts if "rw" in line.split()[3].split(",")}
    outside = {path for path in writable if not path.startswith(("/dev", "/proc"))}
    assert outside == {"/tmp", "/home/visitor", "/home/visitor/documents", "/run/visitor", "/run/bus"}
    assert _open_descriptors(main) >= {3, 4}


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode().replace("\0", " ")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _status(pid: int) -> dict[str, str]:
    try:
        lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return {}
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def _namespace(pid: int, name: str) -> str:
    return os.readlink(f"/proc/{pid}/ns/{name}")


def _open_descriptors(pid: int) -> set[int]:
    return {int(name) for name in os.listdir(f"/proc/{pid}/fd")}


def test_cameras_and_sound_cards_are_there_for_interviews_only(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    plain = sandbox.argv(tree, VISITOR)
    assert not [part for part in plain if part.startswith(("/dev/snd", "/dev/video"))]
    assert "--clear-groups" in plain
    assert "/dev/snd" in sandbox.argv(tree, VISITOR, sandbox.Options(interview=True))
