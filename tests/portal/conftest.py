"""One portal for all tests of a module, emptied before each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.portal import Portal


@pytest.fixture(scope="module")
def server() -> Iterator[Portal]:
    with Portal() as one:
        yield one


@pytest.fixture
def portal(server: Portal) -> Portal:
    server.reset()
    return server
