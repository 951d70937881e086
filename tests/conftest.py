"""Fixtures that hand out backends: shared servers with empty keyspaces, and servers to break."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import cache
from itertools import count
from typing import Any

import fakeredis
import pytest
import redis
from hypothesis import settings

from redis_crdt import servers
from redis_crdt.servers import Cluster, Server
from tests.backends import FLAVOURS, Connect, Flavour, NewClient, NewServer, require_binary

# How long an example takes tells of the machine, which others may be using.
settings.register_profile("machine", deadline=None)
settings.load_profile("machine")


@pytest.fixture(scope="session", autouse=True)
def interrupts() -> None:
    """What a shell runs in the background ignores interrupts, and so would the tests' programs."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared_server() -> Iterator[Callable[[servers.Flavour], Server]]:
    """One server of each flavour for the whole run, started when first asked for."""
    with ExitStack() as running:

        @cache
        def start(flavour: servers.Flavour) -> Server:
            binary = require_binary(flavour)
            return running.enter_context(Server(binary, {"databases": 64}))

        yield start


@pytest.fixture
def new_url(
    shared_server: Callable[[servers.Flavour], Server],
) -> Callable[[servers.Flavour], str]:
    """Make the URL of an empty database, another one each time: one region's server, in effect."""
    databases = count()

    def make(flavour: servers.Flavour) -> str:
        url = f"{shared_server(flavour).url}?db={next(databases)}"
        with redis.Redis.from_url(url) as client:
            client.flushdb()
        return url

    return make


@pytest.fixture(scope="session")
def shared_clusters() -> Iterator[Callable[[int], Cluster]]:
    """A few Clusters for the whole run, each started when first asked for."""
    with ExitStack() as running:

        @cache
        def start(_: int) -> Cluster:
            return running.enter_context(Cluster(require_binary("valkey")))

        yield start


@pytest.fixture
def new_cluster(shared_clusters: Callable[[int], Cluster]) -> Callable[[], Cluster]:
    """Hand out an empty Cluster, another one each time."""
    numbers = count()

    def make() -> Cluster:
        cluster = shared_clusters(next(numbers))
        for server in cluster.servers:
            with server.client() as client:
                client.flushall()
        return cluster

    return make


@pytest.fixture
def new_keyspace(
    new_url: Callable[[servers.Flavour], str],
) -> Iterator[Callable[[Flavour], Connect]]:
    """Make an empty keyspace: a function that makes clients of it, closed after the test."""
    with ExitStack() as clients:

        def make(flavour: Flavour) -> Connect:
            if flavour == "fakeredis":
                server = fakeredis.FakeServer()
                return lambda **kwargs: clients.enter_context(
                    fakeredis.FakeRedis(server=server, **kwargs)
                )
            url = new_url(flavour)
            return lambda **kwargs: clients.enter_context(redis.Redis.from_url(url, **kwargs))

        yield make


@pytest.fixture
def new_client(new_keyspace: Callable[[Flavour], Connect]) -> NewClient:
    """Make a client of an empty keyspace of its own."""

    def make(flavour: Flavour, **kwargs: Any) -> redis.Redis:
        return new_keyspace(flavour)(**kwargs)

    return make


@pytest.fixture
def new_server() -> Iterator[NewServer]:
    """Start a server for this test alone, to be configured, paused or killed."""
    with ExitStack() as running:

        def start(
            flavour: servers.Flavour,
            config: Mapping[str, str | int] | None = None,
            *,
            tcp: bool = False,
        ) -> Server:
            return running.enter_context(Server(require_binary(flavour), config, tcp=tcp))

        yield start


@pytest.fixture(params=FLAVOURS)
def flavour(request: pytest.FixtureRequest) -> Flavour:
    """Each flavour in turn."""
    chosen: Flavour = request.param
    return chosen


@pytest.fixture(params=servers.FLAVOURS)
def server_flavour(request: pytest.FixtureRequest) -> servers.Flavour:
    """Each flavour of real server in turn."""
    chosen: servers.Flavour = request.param
    return chosen


@pytest.fixture
def redis_client(flavour: Flavour, new_client: NewClient) -> redis.Redis:
    """A client of an empty keyspace, on each flavour in turn."""
    return new_client(flavour)


@pytest.fixture
def server_url(server_flavour: servers.Flavour, new_url: Callable[[servers.Flavour], str]) -> str:
    """The URL of an empty database, on each flavour of real server in turn."""
    return new_url(server_flavour)
