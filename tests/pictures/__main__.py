"""Makes the pictures of the README: the demo as it ran, and what a sync costs.

python -m tests.pictures
python -m tests.benchmarks propagation --entries 100000 --plot tests/pictures/sync.svg
"""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from redis_crdt.cli.demo.screen import run

HERE = Path(__file__).parent


def main() -> None:
    """Run the demo, and write down what it shows."""
    console = Console(record=True, width=92, file=io.StringIO())
    assert run(console)
    console.save_svg(str(HERE / "regions.svg"), title="redis-crdt demo")


if __name__ == "__main__":
    main()
