"""The proxy itself: bytes arrive whole, in order, and not before their time."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Thread
from time import monotonic, sleep

import pytest

from tests.proxy import UNREAD, Distance, Mode, Proxy, ProxyProcess

PATIENCE = 30.0


def echo(client: socket.socket) -> None:
    """Send back what comes, until that ends; and then end, too."""
    with client, suppress(OSError):
        while data := client.recv(65536):
            client.sendall(data)


def pour(client: socket.socket) -> None:
    """Send as many bytes as one asks for."""
    with client, suppress(OSError):
        client.sendall(bytes(int(client.recv(100))))


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[socket.socket], None]], int]]:
    """Start a server that does so with each connection; returns its port."""
    listeners: list[socket.socket] = []

    def start(handle: Callable[[socket.socket], None]) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    client.settimeout(PATIENCE)
                    Thread(target=handle, args=(client,), daemon=True).start()

        Thread(target=accept, daemon=True).start()
        return int(listener.getsockname()[1])

    yield start
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def connect(proxy: Proxy | ProxyProcess) -> socket.socket:
    port = int(proxy.url.rpartition(":")[2])
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)


def read(client: socket.socket, size: int) -> bytes:
    """Read so many bytes, or all that come until the end."""
    found = bytearray()
    while len(found) < size and (data := client.recv(65536)):
        found += data
    return bytes(found)


def there_and_back(client: socket.socket) -> float:
    """Tell how many seconds an echo takes."""
    began = monotonic()
    client.sendall(b"?")
    assert read(client, 1) == b"?"
    return monotonic() - began


Serve = Callable[[Callable[[socket.socket], None]], int]


@pytest.mark.parametrize(
    "distance",
    [
        Distance(),
        Distance(delay=0.01),
        Distance(delay=0.005, jitter=0.02),
        Distance(bandwidth=20e6),
        Distance(delay=0.01, jitter=0.005, bandwidth=20e6),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", [Proxy, ProxyProcess])
def test_all_bytes_arrive_in_order_and_no_more(
    kind: type[Proxy | ProxyProcess], distance: Distance, serve: Serve
) -> None:
    chance = random.Random("bytes")
    sent = chance.randbytes(4_000_000)
    with kind(serve(echo), distance) as proxy, connect(proxy) as client:

        def send() -> None:
            at = 0
            while at < len(sent):
                size = chance.choice([1, 100, 10_000, 300_000])
                client.sendall(sent[at : at + size])
                at += size
            client.shutdown(socket.SHUT_WR)

        sender = Thread(target=send)
        sender.start()
        assert read(client, len(sent) + 1) == sent  # the end crosses, too, and there
        sender.join()
        carried = proxy.carried()
        assert carried == (len(sent), len(sent), 1, 0)


def test_what_is_far_takes_its_time(serve: Serve) -> None:
    with Proxy(serve(echo), Distance(delay=0.05)) as proxy:
        began = monotonic()
        with connect(proxy) as client:
            there_and_back(client)
            assert monotonic() - began >= 0.2  # with the round trip in which it comes about
            times = [there_and_back(client) for _ in range(9)]
    assert min(times) >= 0.1
    assert min(times) < 0.15


def test_a_network_holds_what_is_on_its_way_to_many(serve: Serve) -> None:
    """However many requests are sent at once, they take one round trip."""
    with Proxy(serve(echo), Distance(delay=0.05)) as proxy:
        clients = [connect(proxy) for _ in range(10)]
        for client in clients:
            there_and_back(client)
        began = monotonic()
        for _ in range(10):
            for client in clients:
                client.sendall(b"x" * 10_000)
        for client in clients:
            assert len(read(client, 100_000)) == 100_000
            assert monotonic() - began >= 0.1
        assert monotonic() - began < 0.5
        for client in clients:
            client.close()


def test_distance_alone_takes_nothing_of_the_speed(serve: Serve) -> None:
    with ProxyProcess(serve(pour), Distance(delay=0.05)) as proxy, connect(proxy) as client:
        client.sendall(b"50000000")
        began = monotonic()
        assert len(read(client, 50_000_000)) == 50_000_000
        assert monotonic() - began < 5


def test_jitter_is_different_each_time(serve: Serve) -> None:
    with Proxy(serve(echo), Distance(delay=0.005, jitter=0.05)) as proxy, connect(proxy) as client:
        times = [there_and_back(client) for _ in range(10)]
    assert min(times) >= 0.01
    assert max(times) - min(times) > 0.005


@pytest.mark.parametrize("clients", [1, 3])
def test_what_is_narrow_lets_no_more_through(clients: int, serve: Serve) -> None:
    with Proxy(serve(pour), Distance(bandwidth=2e6)) as proxy:
        ends = [connect(proxy) for _ in range(clients)]
        began = monotonic()
        size = 1_000_000 // clients
        for end in ends:
            end.sendall(b"%d" % size)
        for end in ends:
            assert len(read(end, size)) == size
            end.close()
        assert 0.5 <= monotonic() - began < 3


def test_one_who_sends_little_does_not_wait_for_one_who_sends_much(serve: Serve) -> None:
    """As they take turns, it waits no longer than what is in front of the network takes."""

    def send(client: socket.socket) -> None:
        with suppress(OSError):
            client.sendall(bytes(30_000_000))

    with Proxy(serve(echo), Distance(bandwidth=1e6)) as proxy, connect(proxy) as client:
        there_and_back(client)
        with connect(proxy) as other:
            sender = Thread(target=send, args=(other,))
            sender.start()
            sleep(0.2)
            assert sorted(there_and_back(client) for _ in range(5))[2] < 0.3
            assert sender.is_alive()
            proxy.cut()
            sender.join()


def test_one_who_does_not_read_holds_up_nobody_and_takes_little_memory(serve: Serve) -> None:
    with Proxy(serve(pour), Distance()) as proxy, connect(proxy) as slow, connect(proxy) as quick:
        slow.sendall(b"300000000")
        sleep(0.3)
        quick.sendall(b"1000000")
        assert len(read(quick, 1_000_000)) == 1_000_000
        assert proxy.carried().replies < 1_000_000 + proxy.distance.window + 2**24
        assert proxy.distance.window < UNREAD + 2**25
        assert len(read(slow, 10**9)) == 300_000_000


def test_connections_that_do_not_last_break_in_the_midst_of_what_they_carry(serve: Serve) -> None:
    distance = Distance(delay=0.005, lasts=150_000, seed="breaks")

    def came() -> list[int]:
        found = []
        with Proxy(serve(pour), distance) as proxy:
            for _ in range(20):
                with connect(proxy) as client:
                    client.sendall(b"200000")
                    found.append(0)
                    with suppress(ConnectionError):
                        while data := client.recv(65536):
                            found[-1] += len(data)
            assert proxy.carried().broken == sum(size < 200_000 for size in found)
        return found

    first = came()
    assert 0 < sum(size < 200_000 for size in first) < 20
    assert 50_000 < sum(first) / 20 < 200_000
    assert came() == first


def test_one_side_may_end_and_still_hear_the_other(serve: Serve) -> None:
    def answer_at_the_end(client: socket.socket) -> None:
        with client:
            client.sendall(b"%d" % len(read(client, 10**9)))

    network = Proxy(serve(answer_at_the_end), Distance(delay=0.02))
    with network as proxy, connect(proxy) as client:
        client.sendall(bytes(1_000_000))
        client.shutdown(socket.SHUT_WR)
        assert read(client, 10**9) == b"1000000"


def test_modes_change_what_is_far_too(serve: Serve) -> None:
    with ProxyProcess(serve(echo), Distance(delay=0.02)) as proxy:
        modes: tuple[Mode, ...] = ("delayed", "open")
        times = []
        for mode in modes:
            proxy.become(mode)
            with connect(proxy) as client:
                there_and_back(client)
                times.append(there_and_back(client))
        assert times[0] >= 0.14
        assert times[1] >= 0.04
        proxy.become("cut")
        with connect(proxy) as client, suppress(ConnectionError):
            assert client.recv(1) == b""
