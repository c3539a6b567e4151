"""Calls and answers over the wire, as Varlink has them: one service class, one client class.

A method is declared once, with who may call it and what it takes; the server refuses everything else before the
body runs. Errors are a closed set: a caller that breaks the protocol is disconnected, `Denied`, `Refused(code)`
(the UI owns the words), and everything else is logged and sent as `Internal` with nothing in it.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import os
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from session import __version__, interface, line, wire
from session.line import Caller as Caller

logger = logging.getLogger(__name__)

_T = TypeVar("_T")
MAX_CONNECTIONS = 32
"""Connections that one user may hold at a time: ten times what a whole environment needs. Others are not affected."""
ACCEPT_PAUSE = 1.0
"""Seconds until the next try after accept(2) failed."""
_BACKLOG = 512

ERROR_DENIED = "org.marchepied.Denied"
ERROR_REFUSED = "org.marchepied.Refused"
ERROR_INTERNAL = "org.marchepied.Internal"
ERROR_NO_METHOD = f"{interface.SERVICE}.MethodNotFound"
ERROR_NO_INTERFACE = f"{interface.SERVICE}.InterfaceNotFound"
ERROR_PARAMETER = f"{interface.SERVICE}.InvalidParameter"


class Refused(Exception):
    """The call is allowed and well formed, but not now. `code` is one of a small set that the UI has words for."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Denied(Exception):
    """This caller may not do this."""


class _Unanswerable(Exception):
    """The call makes no sense here. `reply` is Varlink's own error for that."""

    def __init__(self, error: str, **parameters: str) -> None:
        super().__init__(error)
        self.reply = line.Reply(error=error, parameters=parameters)


class CallFailed(Exception):
    """The other end answered with an error that is neither a refusal nor a denial. `error` is its name."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


class NoParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class _Interface(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    interface: str


class Method(msgspec.Struct, frozen=True):
    name: str
    parameters: type[Any]
    uids: frozenset[int] | None
    """Who may call it; None for everybody who can open the socket."""
    handler: Callable[..., Any]
    streams: bool


class _Request(msgspec.Struct, frozen=True):
    method: str
    parameters: msgspec.Raw = msgspec.Raw(b"{}")
    more: bool = False
    oneway: bool = False


class Service:
    """A Varlink service on one Unix socket.

    `interface` is the reversed-domain name of its one interface. Methods are added with `add`; a handler takes
    (caller, parameters) and returns a Struct, a dict or None; one that streams is an async generator of them.
    A stream has its connection for itself until one of the two ends hangs up.
    """

    def __init__(self, interface_name: str) -> None:
        self.interface = interface_name
        self._methods: dict[str, Method] = {}
        self._listener: socket.socket | None = None
        self._path: Path | None = None
        self._connections: dict[asyncio.Task[None], int] = {}
        self.add(f"{interface.SERVICE}.GetInfo", self._get_info, uids=None)
        self.add(f"{interface.SERVICE}.GetInterfaceDescription", self._describe, parameters=_Interface, uids=None)

    def add(
        self,
        name: str,
        handler: Callable[..., Any],
        *,
        uids: frozenset[int] | None,
        parameters: type[Any] = NoParameters,
    ) -> None:
        """Declares a method; `uids` has no default, so that nobody forgets to say who may call it.

        Raises ValueError for a name that is taken and for parameters that would take unknown fields.
        """
        full = name if "." in name else f"{self.interface}.{name}"
        if full in self._methods:
            raise ValueError(f"{full} is declared twice")
        if not (issubclass(parameters, msgspec.Struct) and parameters.__struct_config__.forbid_unknown_fields):
            raise ValueError(f"{full}: the parameters must be a Struct that forbids unknown fields")
        streams = inspect.isasyncgenfunction(handler)
        self._methods[full] = Method(full, parameters, uids, handler, streams)

    async def start(self, path: Path, *, mode: int = 0o660, group: int = -1) -> None:
        """Listens on `path` (replaced if it exists)."""
        path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            # Nobody can connect before it listens, so nobody sees it with another mode or group.
            listener.bind(str(path))
            if group >= 0:
                os.chown(path, -1, group)
            path.chmod(mode)
            listener.listen(_BACKLOG)
        except BaseException:
            listener.close()
            raise
        self._path, self._listener = path, listener
        asyncio.get_running_loop().add_reader(listener, self._accept)

    async def stop(self) -> None:
        """Hangs up on everybody. On return no handler runs and the socket is gone."""
        if self._listener is not None and self._path is not None:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
            self._path.unlink(missing_ok=True)
            self._listener = None
        tasks = list(self._connections)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def serve(self, connection: socket.socket) -> None:
        """Serves one connected socket until its end (the tests use a socket pair)."""
        reader, writer = await asyncio.open_unix_connection(sock=connection, limit=wire.MAX_FRAME)
        await self._converse(line.peer(connection), reader, writer)

    def _accept(self) -> None:
        # asyncio's own server makes a task per connection that a stop cannot see before its first step.
        if self._listener is None:
            return
        loop = asyncio.get_running_loop()
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError as error:  # no descriptors left, say: whoever waits goes on waiting
            logger.error("%s: cannot accept a connection: %s", self.interface, error.strerror)
            loop.remove_reader(self._listener)
            loop.call_later(ACCEPT_PAUSE, self._accept_again)
            return
        caller = line.peer(connection)
        held = sum(uid == caller.uid for uid in self._connections.values())
        if held >= MAX_CONNECTIONS:
            logger.warning("%s: uid %d has %d connections, no more", self.interface, caller.uid, held)
            connection.close()
            return
        task = loop.create_task(self.serve(connection))
        self._connections[task] = caller.uid

        def ended(task: asyncio.Task[None]) -> None:
            del self._connections[task]
            connection.close()  # a task that was cancelled before its first step has closed nothing

        task.add_done_callback(ended)

    def _accept_again(self) -> None:
        if self._listener is not None:
            asyncio.get_running_loop().add_reader(self._listener, self._accept)

    async def _converse(self, caller: Caller, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        frames = wire.FrameReader()
        try:
            goes_on = True
            while goes_on and (untrusted_data := await reader.read(wire.MAX_FRAME)):
                for untrusted_frame in frames.feed(untrusted_data):
                    request = wire.decode(untrusted_frame, _Request)
                    goes_on = await self._answer(caller, request, reader, writer)
                    if not goes_on:
                        break
                    await asyncio.sleep(0)  # somebody who sends a thousand requests at once lets others in between
        except wire.WireError as error:
            logger.warning("%s: uid %d broke the protocol: %s", self.interface, caller.uid, error)
        except (line.HungUp, OSError):
            writer.transport.abort()
        except BaseException:
            writer.transport.abort()  # what is still unsent may never be read; nobody waits for that now
            raise
        finally:
            await line.close(writer)

    async def _answer(
        self, caller: Caller, request: _Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """False when the connection has had its stream."""
        goes_on = True
        try:
            method, parameters = self._understood(caller, request)
            if method.streams:
                items = method.handler(caller, parameters)
                if request.more and not request.oneway:
                    goes_on = False
                    await line.stream(self.interface, caller, items, reader, writer)
                    return False
                async with contextlib.aclosing(items):
                    result = await anext(items, None)
            else:
                result = method.handler(caller, parameters)
                if isinstance(result, Awaitable):
                    result = await result
            frame = line.frame(line.Reply(parameters={} if result is None else result))
        except _Unanswerable as error:
            frame = line.frame(error.reply)
        except Denied:
            frame = line.frame(line.Reply(error=ERROR_DENIED, parameters={}))
        except Refused as refusal:
            frame = line.frame(line.Reply(error=ERROR_REFUSED, parameters={"code": refusal.code}))
        except (line.HungUp, asyncio.CancelledError):
            raise
        except Exception:
            # A handler's own ConnectionError or WireError, too, is no fault of the caller.
            logger.exception("%s failed", request.method)
            frame = line.frame(line.Reply(error=ERROR_INTERNAL, parameters={}))
        if not request.oneway:
            await line.send(writer, frame)
        return goes_on

    def _understood(self, caller: Caller, request: _Request) -> tuple[Method, Any]:
        """The method and its parameters. Nothing of the caller's is decoded before it may call."""
        method = self._methods.get(request.method)
        if method is None:
            raise _Unanswerable(ERROR_NO_METHOD, method=request.method[:100])
        if method.uids is not None and caller.uid not in method.uids:
            raise Denied
        try:
            return method, wire.decode(bytes(request.parameters), method.parameters)
        except wire.WireError as error:
            raise _Unanswerable(ERROR_PARAMETER, parameter=str(error)) from None

    def _get_info(self, _caller: Caller, _parameters: NoParameters) -> dict[str, Any]:
        """What `varlinkctl info` shows."""
        return {
            "vendor": "Marchepied",
            "product": "Marchepied",
            "version": __version__,
            "url": "",
            "interfaces": [interface.SERVICE, self.interface],
        }

    def _describe(self, _caller: Caller, wanted: _Interface) -> dict[str, str]:
        """What `varlinkctl introspect` shows."""
        if wanted.interface == interface.SERVICE:
            return {"description": interface.SERVICE_DESCRIPTION}
        if wanted.interface != self.interface:
            raise _Unanswerable(ERROR_NO_INTERFACE, interface=wanted.interface[:100])
        prefix = f"{self.interface}."
        ours = [
            (method.name.removeprefix(prefix), method.parameters, method.handler)
            for method in self._methods.values()
            if method.name.startswith(prefix)
        ]
        return {"description": interface.describe(self.interface, ours)}


class Client:
    """One connection to a service. Calls are made one after the other; `stream` takes the connection for itself."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, interface: str) -> None:
        self._reader, self._writer, self._interface = reader, writer, interface
        self._frames = wire.FrameReader()
        self._waiting: list[bytes] = []
        self._turn = asyncio.Lock()
        self._owed = False
        """An answer was asked for and not read: the next one on this connection would be somebody else's."""

    @classmethod
    async def connect(cls, path: Path, interface: str) -> Client:
        """Raises OSError when nobody listens."""
        reader, writer = await asyncio.open_unix_connection(str(path), limit=wire.MAX_FRAME)
        return cls(reader, writer, interface)

    async def call(self, name: str, kind: type[_T], **parameters: Any) -> _T:
        """The answer as a `kind`. Raises Refused, Denied, CallFailed, wire.WireError or ConnectionError.

        A call that was cancelled spoils the connection: the next one raises ConnectionError.
        """
        async with self._turn:
            await self._request(name, parameters, more=False)
            answer, _ = await self.reply(kind)
            return answer

    async def stream(self, name: str, kind: type[_T], **parameters: Any) -> AsyncGenerator[_T, None]:
        """Each answer of a method that goes on, until the other end is gone (which ends the iteration)."""
        async with self._turn:
            await self._request(name, parameters, more=True)
            continues = True
            while continues:
                try:
                    answer, continues = await self.reply(kind)
                except ConnectionError:
                    return
                yield answer

    async def close(self) -> None:
        # What was not sent yet would not be answered any more; a service that hangs must not hold us up.
        self._writer.transport.abort()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def _request(self, name: str, parameters: dict[str, Any], *, more: bool) -> None:
        if self._owed:
            raise ConnectionResetError("an earlier call on this connection was given up")
        method = name if "." in name else f"{self._interface}.{name}"
        frame = wire.encode({"method": method, "parameters": parameters, "more": more})
        self._owed = True
        self._writer.write(frame)
        await self._writer.drain()

    async def reply(self, kind: type[_T]) -> tuple[_T, bool]:
        """The next answer, and whether more will come. For what was asked before this client was made."""
        while not self._waiting:
            untrusted_data = await self._reader.read(wire.MAX_FRAME)
            if not untrusted_data:
                raise ConnectionResetError("the other end hung up")
            self._waiting.extend(self._frames.feed(untrusted_data))
        reply = wire.decode(self._waiting.pop(0), _RawReply)
        self._owed = reply.continues and reply.error is None
        if reply.error is None:
            return wire.decode(bytes(reply.parameters), kind), reply.continues
        if reply.error == ERROR_REFUSED:
            raise Refused(wire.decode(bytes(reply.parameters), _Code).code)
        if reply.error == ERROR_DENIED:
            raise Denied
        raise CallFailed(reply.error)


class Asked:
    """One call on a connection of its own, sent as this is made: no turn of a busy event loop lies before it.

    Raises OSError when nobody listens. `answer` must be awaited, or `close` called.
    """

    def __init__(self, path: Path, interface: str, name: str, **parameters: Any) -> None:
        self._interface = interface
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            self._socket.connect(str(path))
            self._socket.sendall(wire.encode({"method": f"{interface}.{name}", "parameters": parameters}))
        except BaseException:
            self._socket.close()
            raise

    async def answer(self, kind: type[_T]) -> _T:
        """As `Client.call`; the connection is closed after it."""
        reader, writer = await asyncio.open_unix_connection(sock=self._socket, limit=wire.MAX_FRAME)
        client = Client(reader, writer, self._interface)
        try:
            return (await client.reply(kind))[0]
        finally:
            await client.close()

    def close(self) -> None:
        self._socket.close()


class _RawReply(msgspec.Struct, frozen=True):
    parameters: msgspec.Raw = msgspec.Raw(b"{}")
    continues: bool = False
    error: str | None = None


class _Code(msgspec.Struct, frozen=True):
    code: str
