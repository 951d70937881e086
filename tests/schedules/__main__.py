"""``python -m tests.schedules``: random schedules one after the other, and what they violate."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from time import monotonic

from tests.schedules.plan import Plan, make
from tests.schedules.regions import BACKENDS, regions


def shrink(plan: Plan, fails: Callable[[Plan], bool]) -> Plan:
    """Take out of a plan that fails whatever it fails without."""
    size = len(plan.steps) // 2
    while size:
        at = 0
        while at < len(plan.steps):
            less = replace(plan, steps=plan.steps[:at] + plan.steps[at + size :])
            if fails(less):
                plan = less
            else:
                at += size
        size //= 2
    for places in ([place] for place in plan.places if len(plan.places) > 1):
        less = replace(plan, places=tuple(places))
        if fails(less):
            return shrink(less, fails)
    return plan


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.schedules", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the first; the others follow")
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--backend", choices=BACKENDS, default="memory")
    parser.add_argument("--really", type=float, default=0.02, help="how often servers are killed")
    parser.add_argument("--silently", type=float, default=0.0, help="how often put back unseen")
    parser.add_argument("--stop", type=int, default=5, help="after so many that violate something")
    parser.add_argument("--seconds", type=float, default=1e9, help="stop after so many")
    parser.add_argument("--shrink", action="store_true", help="find the least that still fails")
    args = parser.parse_args()
    began, bad, done, forgetting, steps = monotonic(), 0, 0, 0, 0
    with regions(args.backend) as here:
        for seed in range(args.seed, args.seed + args.runs):
            plan = make(seed, args.really, args.silently)
            found = here.run(plan)
            done, forgetting = done + 1, forgetting + plan.forgets
            steps += len(plan.steps)
            if found:
                bad += 1
                print(f"seed {seed}: {found[:600]}", flush=True)
                if args.shrink:
                    plan = shrink(plan, lambda plan: any(here.run(plan) for _ in range(3)))
                    print(f"  fails still: {here.run(plan)}\n  {replace(plan, steps=())}")
                    for step in plan.steps:
                        print(f"    {step}", flush=True)
                if bad >= args.stop:
                    break
            if monotonic() - began > args.seconds:
                break
    print(
        f"{done - bad} of {done} schedules are right ({args.backend}, seeds {args.seed} to "
        f"{args.seed + done - 1}, {forgetting} with servers that forget, {steps} steps, "
        f"{monotonic() - began:.0f} s)"
    )
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
