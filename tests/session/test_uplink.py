"""The way to the Internet, as the kernel tells of it: in a network of its own, with links that lead nowhere."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 15.0
WATCHER = """
import asyncio, os
from session import uplink
uplink.SETTLE_SECONDS = 0.05
asyncio.run(uplink.watch(lambda up: os.write(1, b"up" if up else b"down")))
"""

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="needs root: makes a network")


class Watched:
    """A watcher in a network of its own."""

    def __init__(self) -> None:
        argv = ["unshare", "--net", "--", sys.executable, "-c", WATCHER]
        self._process = subprocess.Popen(
            argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
        )

    def close(self) -> bytes:
        """What it complained of."""
        self._process.kill()
        return self._process.communicate()[1]

    def ip(self, *arguments: str) -> None:
        inside = ("nsenter", f"--net=/proc/{self._process.pid}/ns/net", "--", "ip", *arguments)
        subprocess.run(inside, check=True, capture_output=True)

    def says(self, seconds: float = PATIENCE) -> str | None:
        """The next word; None if it says none for so long."""
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], seconds)[0]:
            return None
        return os.read(self._process.stdout.fileno(), 100).decode().strip()


@pytest.fixture
def watched() -> Iterator[Watched]:
    one = Watched()
    yield one
    assert one.close() == b""


def linked(watched: Watched) -> None:
    assert watched.says() == "down", "a network without anything"
    watched.ip("link", "add", "way0", "type", "veth", "peer", "name", "far0")
    for end in ("way0", "far0"):
        watched.ip("link", "set", end, "up")
    watched.ip("addr", "add", "192.0.2.2/24", "dev", "way0")


def test_a_default_route_comes_and_goes(watched: Watched) -> None:
    linked(watched)
    assert watched.says(0.5) is None, "a local network leads nowhere"
    watched.ip("route", "add", "default", "via", "192.0.2.1")
    assert watched.says() == "up"
    watched.ip("route", "del", "default")
    assert watched.says() == "down"


def test_a_link_that_goes_takes_its_route_with_it(watched: Watched) -> None:
    linked(watched)
    watched.ip("route", "add", "default", "via", "192.0.2.1")
    assert watched.says() == "up"
    watched.ip("link", "set", "way0", "down")
    assert watched.says() == "down"


def test_a_lost_carrier_is_a_cut_though_the_route_stays(watched: Watched) -> None:
    linked(watched)
    watched.ip("route", "add", "default", "via", "192.0.2.1")
    assert watched.says() == "up"
    watched.ip("link", "set", "far0", "down")
    assert watched.says() == "down"
    watched.ip("link", "set", "far0", "up")
    assert watched.says() == "up"


def test_one_of_two_ways_is_enough(watched: Watched) -> None:
    linked(watched)
    watched.ip("route", "add", "default", "via", "192.0.2.1")
    assert watched.says() == "up"
    watched.ip("-6", "route", "add", "default", "dev", "way0")
    watched.ip("route", "del", "default")
    assert watched.says(0.5) is None
    watched.ip("-6", "route", "del", "default", "dev", "way0")
    assert watched.says() == "down"


def test_a_route_that_refuses_is_no_way(watched: Watched) -> None:
    linked(watched)
    watched.ip("route", "add", "unreachable", "default")
    watched.ip("-6", "route", "add", "blackhole", "default")
    watched.ip("link", "set", "lo", "up")
    watched.ip("route", "add", "default", "dev", "lo", "metric", "9")
    assert watched.says(0.5) is None


def test_several_next_hops_are_one_way(watched: Watched) -> None:
    linked(watched)
    watched.ip("route", "add", "default", "nexthop", "via", "192.0.2.1", "nexthop", "via", "192.0.2.3")
    assert watched.says() == "up"


def test_at_rest_it_uses_no_processor(watched: Watched) -> None:
    linked(watched)
    assert watched.says(0.3) is None
    stat = Path(f"/proc/{watched._process.pid}/stat")
    before = stat.read_text("ascii").rsplit(")")[1].split()[11:13]
    time.sleep(1.0)  # a stretch of time is what is measured
    assert stat.read_text("ascii").rsplit(")")[1].split()[11:13] == before
