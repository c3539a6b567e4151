"""Scanners that come and go on USB: that one may have, and never which. Only the desk listens, and has the scan worker
look.

The kernel and udev tell of every device; which of them may be a scanner is known by the two marks that SANE's own rules
and IPP over USB leave. Nothing is kept, and nothing watches while nobody listens.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping

import msgspec
import pyudev

from session.rpc import Caller, NoParameters, Service

SETTLE_SECONDS = 1.0
"""A device is told of part by part, its permissions last; and one that loads its firmware goes and comes again."""
LATER_SECONDS = 5.0
"""What speaks IPP is asked by way of ipp-usb, which takes its time: after a coming there is a second word."""
_IPP = ("070104", "7/1/4")
"""What speaks IPP over USB, scanners among them (USB-IF, IPP over USB 1.0, 4.2): as udev and as the kernel say it."""


class Moves(msgspec.Struct, frozen=True):
    """How often a scanner may have come or gone since somebody listens."""

    count: int = 0


def may_be_scanner(untrusted_properties: Mapping[str, str]) -> bool:
    """Whether a USB device, or one of its interfaces, may be a scanner, by the properties of its event.

    `libsane_matched` is set by the rules that every driver for SANE brings; it stays with the device until it is gone.
    """
    if untrusted_properties.get("libsane_matched") == "yes":
        return True
    interfaces = untrusted_properties.get("ID_USB_INTERFACES", "").split(":")
    return _IPP[0] in interfaces or untrusted_properties.get("INTERFACE") == _IPP[1]


async def watch() -> AsyncGenerator[int, None]:
    """A number at once, and a higher one each time that a scanner may have come or gone. Raises OSError."""
    context = pyudev.Context()
    # Without udevd (a container, a machine for tests) the kernel's own events are what there is.
    source = "udev" if os.path.exists("/run/udev/control") else "kernel"
    monitor = pyudev.Monitor.from_netlink(context, source=source)
    monitor.filter_by("usb")
    monitor.start()
    loop = asyncio.get_running_loop()
    heard, came = asyncio.Event(), False

    def drain() -> None:
        nonlocal came
        try:
            while (device := monitor.poll(0)) is not None:
                if may_be_scanner(device.properties):
                    came = came or device.action != "remove"
                    heard.set()
        except OSError:  # more came than the socket holds: one of them may have been a scanner
            came = True
            heard.set()

    loop.add_reader(monitor.fileno(), drain)
    try:
        count = 0
        yield count
        while True:
            await heard.wait()
            await asyncio.sleep(SETTLE_SECONDS)
            again, came = came, False
            heard.clear()
            count += 1
            yield count
            if again:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LATER_SECONDS):
                        await heard.wait()
                heard.set()
    finally:
        loop.remove_reader(monitor.fileno())


class PlugControl:
    """Adds its method to `service`. `desk` raises Denied for a caller that is not the environment's desk."""

    def __init__(self, service: Service, uids: frozenset[int], desk: Callable[[Caller], object]) -> None:
        self._desk = desk
        service.add("WatchScanners", self._watch, uids=uids)

    async def _watch(self, caller: Caller, _parameters: NoParameters) -> AsyncIterator[Moves]:
        """Says each time that a scanner may have come or gone."""
        self._desk(caller)
        async with contextlib.aclosing(watch()) as counts:
            async for count in counts:
                yield Moves(count)
