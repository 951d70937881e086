"""What a syncer serves over HTTP: ``/metrics``, ``/healthz`` and ``/readyz``.

``/healthz`` says that the process works: it answers 200 as long as the syncer's event loop does.
``/readyz`` says that the region may be used: 200 where the replica's own server is well and all
that each peer has was read within the last three intervals; otherwise 503, with a line for each
reason.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from threading import Event, Thread
from time import time
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app

from redis_crdt.errors import InvalidSetting
from redis_crdt.sync.syncer import Syncer

INTERVALS = 3
"""Within so many intervals all that a peer has must have been read."""

PATIENCE = 5.0
"""For how many seconds an event loop may be busy and still count as working."""


def reasons(syncer: Syncer) -> list[str]:
    """Return why a region is not ready, each as one line; nothing where it is."""
    found = []
    own = syncer.own
    if own.error is not None:
        found.append(f"replica: {own.error}")
    elif not own.is_open:
        found.append("replica: not open yet")
    for link in syncer.links:
        age = None if link.last_pull is None else time() - link.last_pull
        if age is None or age > INTERVALS * syncer.interval + PATIENCE:
            since = "never" if age is None else f"{age:.0f} s ago"
            why = f": {link.last_error}" if link.last_error else ""
            found.append(f"peer {link.address}: read {since}, {link.state}{why}")
    return found


@contextmanager
def serving(syncer: Syncer, registry: CollectorRegistry, host: str, port: int) -> Iterator[int]:
    """Serve while the block runs, which is to be in the syncer's event loop; gives the port.

    Raises :class:`InvalidSetting` where nobody may listen there.
    """
    loop = asyncio.get_running_loop()
    metrics = make_wsgi_app(registry)

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO")
        if path == "/metrics":
            answered: Iterable[bytes] = metrics(environ, start_response)
            return answered
        status, text = "404 Not Found", "there are /metrics, /healthz and /readyz"
        if path == "/healthz":
            status, text = health(loop)
        elif path == "/readyz":
            found = reasons(syncer)
            ready = not found
            status = "200 OK" if ready else "503 Service Unavailable"
            text = "ready" if ready else "\n".join(found)
        start_response(status, [("Content-Type", "text/plain; charset=utf-8")])
        return [text.encode(errors="replace") + b"\n"]

    class Server(ThreadingMixIn, WSGIServer):
        daemon_threads = True

    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        Server.address_family = found[0][0]
        server = make_server(host, port, answer, Server, _Quiet)
    except OSError as error:
        raise InvalidSetting(f"metrics_port: cannot listen on {host}:{port}: {error}") from error
    thread = Thread(target=server.serve_forever, name="redis_crdt.http", daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def health(loop: asyncio.AbstractEventLoop) -> tuple[str, str]:
    """Ask an event loop whether it is at work; returns status and text."""
    at_work = Event()
    loop.call_soon_threadsafe(at_work.set)
    if at_work.wait(PATIENCE):
        return "200 OK", "ok"
    return "503 Service Unavailable", f"the syncer has been stuck for {PATIENCE:g} s"


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Do not log each request."""
