"""Whether this machine has a way to the Internet: a default route, as the kernel itself tells of it (rtnetlink(7)).

Nothing is sent to anybody to find that out: no host is asked "are you there?", and nothing is asked again and again.
A route that is there and leads nowhere is not found here; the visitor's own pages tell of that.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import struct
from collections.abc import Callable, Iterator

logger = logging.getLogger(__name__)

SETTLE_SECONDS = 1.0
"""After a change: Wi-Fi and 4G change several things one after the other, and a new lease is no cut."""

_HEADER = struct.Struct("=IHHII")
_ROUTE = struct.Struct("=BBBBBBBBI")
_NEXT_HOP = struct.Struct("=HBBi")
_DONE, _ERROR, _NEW_ROUTE, _GET_ROUTE = 3, 2, 24, 26
_DUMP = 0x301
"""NLM_F_REQUEST | NLM_F_DUMP"""
_GROUPS = 0x1 | 0x40 | 0x400
"""Links (IPv4's routes go with them without a word), routes of IPv4, routes of IPv6."""
_UNICAST, _LOCAL_TABLE, _LOOPBACK = 1, 255, 1
_OIF, _MULTIPATH = 4, 9
_USELESS = 0x1 | 0x10
"""RTNH_F_DEAD | RTNH_F_LINKDOWN: the cable is out, the Wi-Fi lost."""
_ANSWER_SECONDS = 2.0


async def watch(tell: Callable[[bool], None]) -> None:
    """Calls `tell` with whether there is a way, at once and after each change. Ends by cancellation only; where the
    kernel cannot be asked, once and with True: nothing is said of what is not known.
    """
    try:
        with _open(_GROUPS) as news:
            news.setblocking(False)
            known: bool | None = None
            while True:
                up = has_route()
                if up is not known:
                    known = up
                    tell(up)
                await _something(news)
                await asyncio.sleep(SETTLE_SECONDS)
                _drop(news)
    except OSError as error:
        logger.error("the network cannot be watched: %s", error.strerror)
        tell(True)


def has_route() -> bool:
    """Whether a default route of either family is there, and usable. Raises OSError."""
    return any(_leads_out(route) for family in (socket.AF_INET, socket.AF_INET6) for route in _routes(family))


def _open(groups: int) -> socket.socket:
    line = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
    try:
        line.bind((0, groups))
    except OSError:
        line.close()
        raise
    return line


def _routes(family: int) -> Iterator[bytes]:
    """Every route of one family, as `struct rtmsg` and its attributes."""
    with _open(0) as line:
        line.settimeout(_ANSWER_SECONDS)
        asked = struct.pack("=B", family) + bytes(_ROUTE.size - 1)
        line.sendto(_HEADER.pack(_HEADER.size + len(asked), _GET_ROUTE, _DUMP, 1, 0) + asked, (0, 0))
        while True:
            data, (sender, _groups) = line.recvfrom(1 << 16)
            if sender != 0:  # not the kernel
                continue
            for kind, body in _messages(data):
                if kind == _ERROR:
                    raise OSError(-struct.unpack_from("=i", body)[0], "the kernel does not list its routes")
                if kind == _DONE:
                    return
                if kind == _NEW_ROUTE:
                    yield body


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + _HEADER.size <= len(data):
        length, kind, _flags, _sequence, _port = _HEADER.unpack_from(data, at)
        if length < _HEADER.size:
            return
        yield kind, data[at + _HEADER.size : at + length]
        at += _aligned(length)


def _leads_out(route: bytes) -> bool:
    _family, bits, _source, _tos, table, _protocol, _scope, kind, flags = _ROUTE.unpack_from(route)
    if bits or kind != _UNICAST or table == _LOCAL_TABLE or flags & _USELESS:
        return False
    attributes = dict(_attributes(route[_ROUTE.size :]))
    if _MULTIPATH in attributes:
        return any(not hop & _USELESS for hop in _next_hops(attributes[_MULTIPATH]))
    return struct.pack("=i", _LOOPBACK) != attributes.get(_OIF)


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, at)
        if length < 4:
            return
        yield kind & 0x3FFF, data[at + 4 : at + length]
        at += _aligned(length)


def _next_hops(data: bytes) -> Iterator[int]:
    """The flags of each."""
    at = 0
    while at + _NEXT_HOP.size <= len(data):
        length, flags, _weight, _link = _NEXT_HOP.unpack_from(data, at)
        if length < _NEXT_HOP.size:
            return
        yield flags
        at += _aligned(length)


def _aligned(length: int) -> int:
    return (length + 3) & ~3


async def _something(news: socket.socket) -> None:
    """Waits until the kernel tells of a change."""
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    loop.add_reader(news, told.set)
    try:
        await told.wait()
    finally:
        loop.remove_reader(news)


def _drop(news: socket.socket) -> None:
    """What changed is looked up, not read: so what was lost in a full buffer (ENOBUFS) is not missed either."""
    while True:
        try:
            news.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
