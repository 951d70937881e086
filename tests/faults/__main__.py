"""``python -m tests.faults``: one run, or many one after the other, with a verdict for each."""

from __future__ import annotations

import argparse
import sys
from itertools import count
from time import monotonic

from tests.faults.nemesis import FAULTS, possible
from tests.faults.regions import NAMES, SERVERS_OF_A_REGION
from tests.faults.run import SERVERS, Settings, choose, run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long one run writes")
    parser.add_argument("--operations", type=int, default=1_000_000, help="of each client, at most")
    parser.add_argument("--clients", type=int, default=2, help="in each region")
    parser.add_argument(
        "--faults", help=f"some of {','.join(FAULTS)}; by default all that can strike these servers"
    )
    parser.add_argument(
        "--servers",
        default=",".join(SERVERS),
        help="flavours of up to four regions; valkey-cluster is a Cluster of valkey, and so on",
    )
    parser.add_argument(
        "--for", dest="minutes", type=float, help="run seeds SEED, SEED+1, ... for so many minutes"
    )
    parser.add_argument(
        "--collect", action="store_true", help="collect tombstones though servers forget"
    )
    parser.add_argument(
        "--distance", type=float, default=0.0, help="how many seconds regions are apart, one way"
    )
    args = parser.parse_args()
    servers = tuple(args.servers.split(","))
    if not 2 <= len(servers) <= len(NAMES) or not {*servers} <= {*SERVERS_OF_A_REGION}:
        parser.error(f"--servers: 2 to {len(NAMES)} of {', '.join(SERVERS_OF_A_REGION)}")
    chosen = tuple(args.faults.split(",")) if args.faults else ()
    if unknown := {*chosen} - {*possible(servers)}:
        parser.error(f"--faults: none of {args.servers} can be struck by {', '.join(unknown)}")
    began = monotonic()
    for number in count():
        seed = str(int(args.seed) + number) if args.minutes else args.seed
        faults = chosen or choose(seed, possible(servers))
        verdict = run(
            Settings(
                seed=seed,
                seconds=args.seconds,
                operations=args.operations,
                clients=args.clients,
                faults=faults,
                servers=servers,
                collect=args.collect,
                distance=args.distance,
            )
        )
        print(verdict.page, flush=True)
        if verdict.violations:
            return 1
        if not args.minutes or monotonic() - began > args.minutes * 60:
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
