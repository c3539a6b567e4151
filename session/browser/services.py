"""The desk's services on the browser's message bus: one line for all of them, for as long as the browser lives.

What comes from the bus comes from the browser, which may be anybody: a service looks at each message before it uses it,
and whatever it does not know is refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import Protocol

from dbus_fast import BusType, Message, MessageType
from dbus_fast.aio import MessageBus
from dbus_fast.errors import AuthError, DBusError

logger = logging.getLogger(__name__)

_AGAIN = 0.1
"""Seconds between two tries at a bus that is not there yet."""
_PATIENCE = 5.0
"""Seconds for the first questions."""
_BROKEN = (OSError, EOFError, AuthError, DBusError)


class Line(Protocol):
    """What a service may do of itself; `MessageBus` is the real one."""

    def send(self, msg: Message) -> object: ...


class Service(Protocol):
    """One thing that the desk does for the browser."""

    names: Sequence[str]
    """Owned on the bus while it is there."""

    def begin(self, line: Line, bus: str) -> None:
        """The bus is there; `bus` is its own id: another one for each browser."""

    def answer(self, untrusted_call: Message) -> Message | None:
        """The answer to a call; None if it is another service's. Raises ValueError for what cannot be understood."""

    def end(self) -> None:
        """The bus is gone, and everybody on it."""


async def offer(address: str, services: Sequence[Service]) -> None:
    """Offers them until cancelled, on one bus after the other."""
    while True:
        bus = await _connected(address)
        try:
            await _serve(bus, services)
        except _BROKEN as error:
            logger.warning("the browser's bus: %s", type(error).__name__)
        finally:
            for service in services:
                service.end()
            with contextlib.suppress(*_BROKEN):
                bus.disconnect()
        await asyncio.sleep(_AGAIN)


async def _connected(address: str) -> MessageBus:
    while True:
        try:
            # A bus that dies in the middle of this answers nothing, and says nothing either.
            async with asyncio.timeout(_PATIENCE):
                return await MessageBus(bus_address=address, bus_type=BusType.SESSION).connect()
        except _BROKEN:
            # The browser makes it as it starts.
            await asyncio.sleep(_AGAIN)


async def _serve(bus: MessageBus, services: Sequence[Service]) -> None:
    bus.add_message_handler(lambda message: _handle(message, services))
    # A bus that dies meanwhile leaves questions without an answer.
    async with asyncio.timeout(_PATIENCE):
        asked = Message("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetId")
        answer = await bus.call(asked)
        known = answer is not None and answer.message_type is MessageType.METHOD_RETURN
        for service in services:
            service.begin(bus, str(answer.body[0]) if answer is not None and known else "")
            for name in service.names:
                await bus.request_name(name)
    await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]  # its author forgot "-> None"


def _handle(message: Message, services: Sequence[Service]) -> Message | bool | None:
    if message.message_type is not MessageType.METHOD_CALL:
        return None
    for service in services:
        try:
            answer = service.answer(message)
        except ValueError:
            return Message.new_error(message, "org.freedesktop.DBus.Error.InvalidArgs", "")
        if answer is not None:
            return answer
    return None
