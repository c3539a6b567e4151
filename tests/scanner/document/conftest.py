"""Pages that several tests look at, made once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from scanner.document.raster import Page
from tests.scanner.document import maker


@pytest.fixture(scope="session")
def letter() -> Page:
    return maker.lettered(millimetres=maker.A5)


@pytest.fixture(scope="session")
def stamped() -> Page:
    return maker.stamped()


@pytest.fixture(scope="session")
def pencilled() -> Page:
    return maker.pencilled()


@pytest.fixture(scope="session")
def illustrated() -> Page:
    return maker.illustrated()


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Callable[..., BinaryIO]]:
    """Opens a file of that name for reading and writing, with that content."""
    opened: list[BinaryIO] = []

    def make(name: str, content: bytes = b"") -> BinaryIO:
        (tmp_path / name).write_bytes(content)
        opened.append(open(tmp_path / name, "r+b"))  # noqa: SIM115 - closed below
        return opened[-1]

    yield make
    for one in opened:
        one.close()
