"""Fixtures of the wire's and the command's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.session.cli.command import FakeDaemon, Run
from tests.session.talk import other_tasks
from tests.session.trial import Trial


@pytest.fixture
async def trial() -> AsyncIterator[Trial]:
    yield Trial()
    assert not other_tasks()


@pytest.fixture
async def path(trial: Trial, tmp_path: Path) -> AsyncIterator[Path]:
    """The socket of `trial`, which anybody may open."""
    for directory in (tmp_path, *tmp_path.parents[:2]):
        directory.chmod(0o755)
    await trial.service.start(tmp_path / "socket", mode=0o666)
    yield tmp_path / "socket"
    await trial.service.stop()
    assert not (tmp_path / "socket").exists()


@pytest.fixture
async def daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeDaemon]:
    fake = FakeDaemon(tmp_path)
    monkeypatch.setenv("MARCHEPIED_RUN", str(tmp_path))
    await fake.service.start(fake.path)
    yield fake
    await fake.service.stop()


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return Run(capsys)
