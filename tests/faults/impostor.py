"""A TCP server that is taken for a Redis, and answers what it likes.

What it answers rightly is what the server of a replica in memory would, so that those who talk to
it come as far as they would with an honest peer.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from threading import Thread
from typing import Any, Self

from redis_crdt import memory
from redis_crdt.core.clock import parse_clock
from redis_crdt.errors import CRDTError
from redis_crdt.operations.operation import Script, Wait, as_is
from redis_crdt.transport.scripts import load

Answer = Callable[[list[bytes]], Any]
"""Answers a command, given its arguments."""

REQUESTS = (
    *("knowledge", "delta", "scan", "entries", "collections", "kinds"),
    *("digest_page", "feed_position"),
)


class Status(str):
    """A reply of one word."""


class Refusal(bytes):
    """An error."""


class Raw(bytes):
    """Bytes that are sent as they are, in the place of a reply or a part of one."""


class Last(Raw):
    """The same, after which nothing more comes."""


def encode(reply: Any, is_new: bool) -> bytes:
    """Return a reply as it crosses the wire; in the newer version of the protocol or the older."""
    match reply:
        case Raw():
            return bytes(reply)
        case Status():
            return f"+{reply}\r\n".encode()
        case Refusal():
            return b"-%b\r\n" % reply
        case None:
            return b"_\r\n" if is_new else b"$-1\r\n"
        case bytes():
            return b"$%d\r\n%b\r\n" % (len(reply), reply)
        case int():
            return b":%d\r\n" % reply
        case dict():
            flat = [part for item in reply.items() for part in item]
            head = b"%%%d\r\n" % len(reply) if is_new else b"*%d\r\n" % len(flat)
            return head + b"".join(encode(part, is_new) for part in flat)
        case list() | tuple():
            return b"*%d\r\n" % len(reply) + b"".join(encode(part, is_new) for part in reply)
    raise TypeError(f"no reply: {reply!r}")


@cache
def _names() -> dict[bytes, str]:
    names = [f"replica/{request}" for request in ("open", *REQUESTS)]
    return {load(name).digest: name for name in names}


class Honest:
    """Answers as the server of a replica in memory does."""

    def __init__(self, replica: memory.Replica) -> None:
        self.replica = replica
        self._readings: dict[bytes, tuple[int, list[bytes]]] = {}
        """By token, how many replies a reading has had, and where it goes on."""

    def __call__(self, args: list[bytes]) -> Any:
        """Answer a command."""
        match args[0].upper():
            case b"HELLO":
                return {b"server": b"redis", b"version": b"8.0.0", b"proto": int(args[1])}
            case b"PING":
                return Status("PONG")
            case b"INFO":
                return b"maxmemory_policy:noeviction\r\nrun_id:0\r\n"
            case b"TIME":
                ms = self.replica.execute(_ask("feed_position", []))[1]
                return [b"%d" % (parse_clock(ms).ms // 1000), b"0"]
            case b"XREAD":
                return self._feeds(args)
            case b"EVALSHA":
                return self._script(args)
        return Status("OK")

    def _script(self, args: list[bytes]) -> Any:
        keys = int(args[2])
        name = request_of(args)
        if name == "open":
            own = self.replica.replica_id.encode()
            return [own, own + b"#1", b"1", own + b"#1"]
        asked = args[4 + keys :]
        try:
            if name in ("delta", "scan"):
                return self._read_on(name, asked)
            return self.replica.execute(_ask(name, asked))
        except CRDTError as error:
            return Refusal(b"ERR " + str(error).encode())

    def _read_on(self, name: str, asked: list[bytes]) -> Any:
        """Answer with the next of a reading; a replica in memory knows of none."""
        at, token = 3, asked[2 if name == "delta" else 1]
        number, goes_on = 0, asked[at:]
        if asked[at] == b"+":
            number, goes_on = self._readings[token]
            goes_on = goes_on + asked[at + 1 :]
        reply = self.replica.execute(_ask(name, asked[:at] + goes_on))
        if name == "delta":
            reply[1] = b"%d" % (number + 1)
            position = [b"%b %b %b" % (reply[2], reply[3], reply[4])]
        else:
            reply[0] = b"%d" % (number + 1)
            names = reply[8] or goes_on[3:]
            position = [reply[4], reply[6], reply[7], *names[len(names) - 2 * int(reply[5]) :]]
        self._readings[token] = number + 1, position
        return reply

    def _feeds(self, args: list[bytes]) -> Any:
        seconds = int(args[4]) / 1000 if args[3] == b"BLOCK" else 0.0
        start = args[-1] if b"-" in args[-1] else args[-1] + b"-0"
        wait: Any = Wait({0: start}, seconds, count=1)
        found = self.replica.execute(wait)
        pages = [[id_, flat] for _, id_, flat in found]
        return {args[-2]: pages} if pages else None


def _ask(name: str, args: list[bytes]) -> Script[Any]:
    return Script(f"replica/{name}", 0, (), tuple(args), as_is)


def request_of(args: list[bytes]) -> str:
    """Return what a command asks: its name, or that of the script of ours that it runs."""
    command = args[0].decode().upper()
    return _names().get(args[1], "").rpartition("/")[2] if command == "EVALSHA" else command


def answering(honest: Honest, request: str, reply: Any) -> Answer:
    """Answer as an honest server does, but for one request."""
    return lambda args: reply if request_of(args) == request else honest(args)


class Impostor:
    """Listens as long as a ``with`` block lasts; ``answer`` is given each command's arguments."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._links: list[socket.socket] = []

    @property
    def url(self) -> str:
        """Where it is."""
        return f"redis://127.0.0.1:{self._listening.getsockname()[1]}"

    def __enter__(self) -> Self:
        Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for link in (self._listening, *self._links):
            with suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
            link.close()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                link, _ = self._listening.accept()
                self._links.append(link)
                Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link: socket.socket) -> None:
        is_new = False
        with suppress(OSError), link, link.makefile("rb") as commands:
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while args := _read(commands):
                is_new = is_new or args[:2] == [b"HELLO", b"3"]
                answer = self.answer(args)
                link.sendall(encode(answer, is_new))
                if isinstance(answer, Last):
                    return


def _read(commands: Any) -> list[bytes]:
    """Read the next command; empty at the end."""
    head = commands.readline()
    args = []
    for _ in range(int(head[1:] or 0)):
        size = int(commands.readline()[1:])
        args.append(commands.read(size + 2)[:-2])
    return args
