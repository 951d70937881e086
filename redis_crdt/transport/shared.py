"""The connection that all awaited calls of a replica to one server share.

redis-py makes it: it connects, authenticates and tries again. From then on commands are written
together, once for each turn of the event loop, and replies are handed out as they come, so what
redis-py does for each command is not paid. Who is next, and whose a reply is, is decided by
:mod:`redis_crdt.transport.line`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any, Final
from weakref import finalize, ref

from hiredis import PushNotification, Reader, pack_command
from redis._parsers.base import BaseParser
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import InvalidResponse, NoScriptError, ReadOnlyError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from redis_crdt.operations.operation import Script, told
from redis_crdt.transport.connections.awaited import Connections
from redis_crdt.transport.line import Call, Group, Line, Writing
from redis_crdt.transport.witness import Witness

_MORE: Final = object()
"""What hiredis gives where a reply has not come as a whole."""

_PING: Final = pack_command(("PING",))


class SharedConnection:
    """Carries the calls of any number of tasks of one event loop to one server.

    A call that is cancelled before it was sent is not sent; after that its reply is dropped.
    Where the connection breaks, each write that was sent gets :class:`LostReply`, and so does each
    read, to be sent again by who asked; what was not sent goes over the next connection.
    """

    def __init__(self, connections: Connections, witness: Witness) -> None:
        self.line = Line()
        self._connections = connections
        self._witness = witness
        self._loop = asyncio.get_running_loop()
        self._link: _Link | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._is_called = False
        """Whether what is in line is to be sent at the end of this turn of the loop."""

    def ask(self, args: tuple[Any, ...]) -> asyncio.Future[Any]:
        """Send a command that only reads; the reply is an exception where there is none."""
        answer = self._loop.create_future()
        try:
            self._put(Call(answer, pack_command(args)))
        except (TypeError, ValueError) as error:  # no command
            answer.set_result(error)
        return answer

    async def read(self, args: tuple[Any, ...]) -> Any:
        """Send a command that only reads, again where the connection breaks, as redis-py does."""
        asking = partial(reply_of, self.ask, args)
        return await self._connections.retry.call_with_retry(asking, _do_nothing)

    def run(self, script: Script[Any], command: str = "EVALSHA") -> asyncio.Future[Any]:
        """Send a write, once; the reply is an exception where there is none."""
        answer = self._loop.create_future()
        self._put(Writing(answer, script, command))
        return answer

    def _put(self, call: Call | Writing) -> None:
        line = self.line
        line.waiting.append(call)
        if self._is_called:
            return
        if line.under_way or self._link is None or self._link.was_shared:
            # Others may come in this turn of the loop, and go together with it.
            self.call()
        else:
            self._send()

    def call(self) -> None:
        """Have what is in line sent at the end of this turn of the loop."""
        if not self._is_called:
            self._is_called = True
            self._loop.call_soon(self._send)

    def _send(self) -> None:
        self._is_called = False
        if self._link is not None:
            self._link.send()
        elif self.line.waiting and self._connecting is None:
            self._connecting = self._loop.create_task(self._connect())

    async def _connect(self) -> None:
        try:
            connection = await self._connections.borrow(counts=False)
        except asyncio.CancelledError:
            self.line.give_up(RedisConnectionError("the connection was given up as it was made"))
            raise
        except Exception as error:  # whatever a program's own provider of credentials raises
            self.line.give_up(error)
        else:
            self._at_end = finalize(self, _release, self._loop, connection)
            self._at_end.atexit = False
            self._link = link = _Link(self, connection)
            link.begin()
        finally:
            self._connecting = None
        self.call()

    def gone(self, link: _Link, error: Exception) -> None:
        """Take it that a link is no more."""
        if self._link is link:
            self._link = None
            self._at_end.detach()
            self._connections.discard(link.connection)
            self.line.broke(error)
            if self.line.waiting:
                self.call()

    def close(self) -> None:
        """Break the connection; who has a call under way, or waits for one, is told so."""
        closed = RedisConnectionError("this replica was closed")
        if self._connecting is not None:
            self._connecting.cancel()
        if self._link is not None:
            self._link.end(closed)
        self.line.give_up(closed)


async def reply_of(ask: Callable[..., Awaitable[Any]], *what: Any) -> Any:
    """Return a reply; raises the exception that has come in its place."""
    reply = await ask(*what)
    if isinstance(reply, Exception):
        raise reply.with_traceback(None)  # which others have raised, too
    return reply


async def _do_nothing(_: object) -> None:
    """What is done about a read that was lost: its connection is gone already."""


def _takes_no_writes(error: Exception) -> bool:
    """Whether a server has refused a write since it is a copy of another one."""
    return isinstance(error, ReadOnlyError) or "READONLY" in str(error)


def _release(loop: asyncio.AbstractEventLoop, connection: Any) -> None:
    """Close a connection that nobody has closed; whoever finds it garbage may be another thread."""
    with suppress(RuntimeError):  # the loop was closed, too
        loop.call_soon_threadsafe(connection._close)


class _Link(asyncio.Protocol):
    """A connection that redis-py has made, once calls are carried over it.

    The event loop knows it as long as the connection stands, so it holds nobody who has forgotten
    about it: whom it serves is a weak reference.
    """

    def __init__(self, shared: SharedConnection, connection: Any) -> None:
        self.connection = connection
        self._shared = ref(shared)
        self._line = shared.line
        self._witness = shared._witness
        self._loop = asyncio.get_running_loop()
        self._reader = Reader(
            protocolError=InvalidResponse, replyError=BaseParser.parse_error, notEnoughData=_MORE
        )
        self._token = connection._writer
        """What stands for this link, as against another of the same connection."""
        self._transport: asyncio.Transport = connection._writer.transport
        self._before: Any = self._transport.get_protocol()
        self._is_over = False
        """Whether it is no more; what the event loop still has for it is for nobody."""
        self._is_full = False
        """Whether the server does not take what is sent as fast as it comes."""
        self._is_leaving = False
        """Whether nothing more is to be sent, since the server takes no writes."""
        self.was_shared = False
        """Whether what was last sent was of several calls."""
        self._heard = self._loop.time()
        """When something was last heard of the server, or asked after a time of silence."""
        if connection.health_check_interval:  # it may have lain idle
            self._heard = connection.next_health_check - connection.health_check_interval
        self._timer: asyncio.TimerHandle | None = None
        self._ping: Call | None = None
        self._known: set[str] = set()
        """Of which scripts for several writes the server has had the text over this link."""

    def begin(self) -> None:
        """Take over from redis-py, unless the connection has broken as it was made."""
        self._transport.set_protocol(self)
        if self._transport.is_closing() or self.connection._reader.at_eof():
            self.end(RedisConnectionError("the server closed the connection"))

    def send(self) -> None:
        """Send what is in line, as far as it may be."""
        line = self._line
        if self._is_full or self._ping or self._is_leaving or self._is_over:
            return
        if not line.under_way:
            now, interval = self._loop.time(), self.connection.health_check_interval
            if interval and now > self._heard + interval and line.waiting:
                # Before anything is risked on a connection that may have died in silence.
                self._ping = Call(self._loop.create_future(), _PING)
                line.waiting.appendleft(self._ping)
            self._heard = now
        self.was_shared = len(line.waiting) > 1
        packed = line.next(self._packed, 1) if self._ping else line.next(self._packed)
        if packed:
            self._transport.writelines(packed)
            if self._timer is None and self.connection.socket_timeout:
                self._wait(self.connection.socket_timeout)

    def _packed(self, group: Group) -> bytes:
        write = group.join()
        if len(group.calls) > 1 and write.script.name not in self._known:
            # The first time with its text: nobody has to find out that the server lacks it.
            write = write._replace(command="EVAL")
        args = self._witness.arguments(write, self.connection, self._token)
        packed: bytes = pack_command(args)
        return packed

    def data_received(self, data: bytes) -> None:
        """Hand out the replies that have come."""
        if self._is_over:
            return
        self._heard = self._loop.time()
        line, gets = self._line, self._reader.gets
        try:
            self._reader.feed(data)
            while (reply := gets()) is not _MORE:
                if type(reply) is PushNotification:  # which nobody asked for
                    continue
                sent = line.answered(reply)
                if type(sent) is Group or sent is self._ping or isinstance(reply, Exception):
                    self._note(sent, reply)
        except Exception as error:
            # What no server of ours says: no reply after it is to be trusted.
            self.end(error)
            return
        if line.waiting and (shared := self._shared()) is not None:
            shared.call()
        if self._is_leaving and not line.under_way:
            self.end(RedisConnectionError("the server takes no writes"))

    def _note(self, sent: Call | Group, reply: Any) -> None:
        """Take note of what a reply says of the server."""
        if sent is self._ping:
            self._ping = None
        if isinstance(reply, ResponseError) and _takes_no_writes(reply):
            # Another one may have taken over: who connects anew is led to that.
            self._is_leaving = True
        if type(sent) is Group:
            name = sent.write.script.name
            if isinstance(reply, NoScriptError):
                self._known.discard(name)
            elif not isinstance(reply, Exception):
                self._known.add(name)
                self._witness.answered(sent.write, self.connection, self._token)

    def pause_writing(self) -> None:
        """Stop sending until the server has taken what was sent."""
        self._is_full = True

    def resume_writing(self) -> None:
        """Go on sending."""
        self._is_full = False
        self.send()

    def connection_lost(self, error: Exception | None) -> None:
        """Take it that the connection broke."""
        self._before.connection_lost(error)
        self._lose(RedisConnectionError(told(error) if error else "the server closed it"))

    def eof_received(self) -> bool:
        """Take it that no more replies come."""
        self._lose(RedisConnectionError("the server closed the connection"))
        return False

    def end(self, error: Exception) -> None:
        """Break the connection."""
        self._transport.abort()
        self._lose(error)

    def _lose(self, error: Exception) -> None:
        self._is_over = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if (shared := self._shared()) is not None:
            shared.gone(self, error)

    def _wait(self, seconds: float) -> None:
        self._timer = self._loop.call_later(seconds, self._look)

    def _look(self) -> None:
        """Break the connection where nothing has come of what was asked, for too long."""
        self._timer = None
        if self._line.under_way:
            patience = self.connection.socket_timeout
            left = self._heard + patience - self._loop.time()
            if left > 0:
                self._wait(left)
            else:
                self.end(RedisTimeoutError(f"no reply in {patience:g} s"))
