"""The rules of the house that a reader might not see broken: imports, sizes, shells."""

from __future__ import annotations

import ast
import functools
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("kiosk", "session", "printing", "scanner")
MODULE_LINES = 400
TEST_LINES = 420

# The root process: what it must never load, not even by way of something else.
NOT_IN_ROOT = {"cups", "sane", "Xlib", "kivy", "kiosk", "numpy", "cv2", "PIL", "pikepdf", "gi", "tkinter", "argon2"}

# What the screen may know of a session: its public picture, and how to ask for it.
OF_SESSION_FOR_KIOSK = {"heart", "model", "pages", "papers", "procedures.model", "published", "rpc", "wire"}

# What the processes of the scan worker share with the rest: one framing, one sign of life.
OF_SESSION_FOR_SCANNER = {"heart", "model", "published", "rpc", "safely", "wire"}


@functools.cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_bytes(), str(path))


def sources(*names: str) -> list[Path]:
    return sorted(path for name in names for path in (ROOT / name).rglob("*.py"))


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def file_of(module: str) -> Path | None:
    path = ROOT.joinpath(*module.split("."))
    if (path / "__init__.py").is_file():
        return path / "__init__.py"
    return path.with_suffix(".py") if path.with_suffix(".py").is_file() else None


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in it, as absolute names; `from a import b` gives a and a.b."""
    package = module_of(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            yield origin
            yield from (f"{origin}.{name.name}" for name in node.names)


def reached_from(module: str) -> dict[str, str]:
    """Every module that importing `module` imports in the end, with one that imports it. Ours are followed."""
    found = {module: ""}
    waiting = [module]
    while waiting:
        path = file_of(waiting.pop())
        if path is None:
            continue
        for name in imports(path):
            parts = name.split(".")
            for end in range(1, len(parts) + 1):  # importing a.b.c runs a and a.b too
                part = ".".join(parts[:end])
                known = part.partition(".")[0] not in PACKAGES or file_of(part) is not None
                if known and part not in found:
                    found[part] = module_of(path)
                    waiting.append(part)
    return found


def inside(name: str, module: str) -> bool:
    return name == module or name.startswith(f"{module}.")


def broken_imports(package: str) -> set[str]:
    """Imports of one of our packages by another that the table of the house does not have."""
    allowed = {
        "printing": set(),
        "scanner": {f"session.{name}" for name in OF_SESSION_FOR_SCANNER},
        "session": {"printing.model", "scanner.calls", "scanner.model"},
        "kiosk": {"printing.model", "scanner.model", *(f"session.{name}" for name in OF_SESSION_FOR_KIOSK)},
    }[package]
    broken = set()
    for path in sources(package):
        for name in imports(path):
            top = name.partition(".")[0]
            if top not in PACKAGES or top == package or name in ("session", "printing", "scanner"):
                continue
            if not any(inside(name, module) for module in allowed):
                broken.add(f"{path.relative_to(ROOT)} imports {name}")
        # `import session` alone would open every door.
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Import):
                names = {name.name for name in node.names} & (set(PACKAGES) - {package})
                broken |= {f"{path.relative_to(ROOT)} imports {name} whole" for name in names}
    return broken


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_between_the_packages_go_one_way(package: str) -> None:
    assert broken_imports(package) == set()


def test_the_model_of_the_scanner_imports_nothing_of_ours() -> None:
    """All rooms share it, the root process too."""
    assert {name.partition(".")[0] for name in imports(ROOT / "scanner" / "model.py")} & {*PACKAGES} == set()


def test_the_supervisor_of_the_scanner_loads_neither_drivers_nor_decoders() -> None:
    reached = reached_from("scanner.__main__")
    assert {"session.rpc", "scanner.messages"} <= set(reached), "else this test looks at nothing"
    assert {"sane", "scanner.libsane", "ctypes", "numpy", "PIL", "cv2", "pikepdf", "img2pdf"} & set(reached) == set()


def test_nothing_but_the_tests_imports_a_test() -> None:
    names = {(path, name) for path in sources(*PACKAGES) for name in imports(path)}
    assert {f"{path}: {name}" for path, name in names if inside(name, "tests")} == set()


def test_the_root_process_reaches_no_library_of_the_others() -> None:
    reached = reached_from("session.sessiond")
    assert "session.rpc" in reached, "else this test looks at nothing"
    wrong = {f"{name}, imported by {by}" for name, by in reached.items() if name.partition(".")[0] in NOT_IN_ROOT}
    assert wrong == set()


def test_the_root_process_really_loads_none_of_them() -> None:
    script = "import json, sys, session.sessiond; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True, text=True)
    loaded = json.loads(done.stdout)
    assert "session.sessiond" in loaded
    assert {name for name in loaded if name.partition(".")[0] in NOT_IN_ROOT} == set()


def test_the_browser_of_the_root_process_sees_no_page() -> None:
    """The root process is blind: it may start a browser, never listen to one."""
    reached = set(reached_from("session.sessiond"))
    wrong = {"session.browser.devtools", "session.browser.driver", "session.browser.pages"} & reached
    assert wrong | {name for name in reached if inside(name, "session.desk")} == set()


def test_every_module_is_short_enough_to_be_read() -> None:
    lines = {path: len(path.read_text("utf-8").splitlines()) for path in sources(*PACKAGES, "tests", "dev")}
    tests = ROOT / "tests"
    long = {
        str(path.relative_to(ROOT)): count
        for path, count in lines.items()
        if count > (TEST_LINES if path.is_relative_to(tests) else MODULE_LINES)
    }
    assert long == {}


def shells(path: Path) -> Iterator[str]:
    banned = {
        *("os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"),
        *("asyncio.create_subprocess_shell", "os.spawnlp", "os.spawnvp", "pty.spawn"),
    }
    for node in ast.walk(parsed(path)):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        if called in banned or called.endswith((".subprocess_shell", "create_subprocess_shell")):
            yield f"{path.relative_to(ROOT)}:{node.lineno} {called}"
        for keyword in node.keywords:
            off = isinstance(keyword.value, ast.Constant) and keyword.value.value is False
            if keyword.arg == "shell" and not off:
                yield f"{path.relative_to(ROOT)}:{node.lineno} shell="


def test_no_shell_ever_reads_a_command() -> None:
    assert [found for path in sources(*PACKAGES, "tests", "dev") for found in shells(path)] == []


def test_systemd_is_data_only() -> None:
    """A package of that name would hide python3-systemd."""
    assert sources("systemd") == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import a.b, c", {"a.b", "c"}),
        ("from a import b as x", {"a", "a.b"}),
        ("def f():\n  from a.b import c", {"a.b", "a.b.c"}),
        ("if TYPE_CHECKING:\n  import a", {"a"}),
        ("from . import x", {"session.browser", "session.browser.x"}),
        ("from ..rpc import y", {"session.rpc", "session.rpc.y"}),
    ],
)
def test_the_reader_of_imports_sees_each_kind(source: str, found: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "parsed", lambda _path: ast.parse(source))
    assert set(imports(ROOT / "session" / "browser" / "pages.py")) == found


@pytest.mark.parametrize(
    "source",
    ["subprocess.run(x, shell=True)", "run(x, shell=y)", "os.system(x)", "await asyncio.create_subprocess_shell(x)"],
)
def test_the_reader_of_shells_sees_each_kind(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "parsed", lambda _path: ast.parse(source))
    assert len(list(shells(ROOT / "x.py"))) == 1
