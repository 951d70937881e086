"""``redis-crdt sync --check``: all that a syncer will need, tried."""

from __future__ import annotations

from contextlib import ExitStack

from redis_crdt.cli.options import replica_of
from redis_crdt.errors import CRDTError, NamespaceMissing
from redis_crdt.operations.operation import drive
from redis_crdt.replica.blocking import Replica
from redis_crdt.sync.preflight import Trial, try_peer, try_replica
from redis_crdt.sync.settings import Settings


def tried(settings: Settings) -> list[Trial]:
    """Try the replica of the settings, and each of its peers."""
    with ExitStack() as opened:
        own: Replica | None = None
        try:
            own = opened.enter_context(replica_of(settings))
            trials = [Trial("replica", own.address, True, drive(try_replica(own)))]
        except NamespaceMissing as error:
            begins = settings.replica_id is not None
            told = f"the namespace is new here; {settings.replica_id} begins it"
            trials = [Trial("replica", error.server or "", begins, told if begins else str(error))]
        except CRDTError as error:
            trials = [_failed("replica", error)]
        for number, url in enumerate(settings.peer_urls(), 1):
            what, address = f"peer {number}", ""
            try:
                peer = opened.enter_context(replica_of(settings, url))
                address = peer.address
                told = drive(try_peer(own, peer)) if own else f"{peer.replica_id} can be opened"
                trials.append(Trial(what, address, True, told))
            except CRDTError as error:
                trials.append(_failed(what, error, address))
    return trials


def _failed(what: str, error: CRDTError, address: str = "") -> Trial:
    return Trial(what, error.server or address, False, f"{type(error).__name__}: {error}")
