"""Makes the golden files of the present formats, those that are not there yet."""

from __future__ import annotations

import json
import shutil
import sys
from itertools import product
from pathlib import Path
from typing import Any

from redis_crdt.servers import Server, ServerBinary, find_binaries
from tests.golden import PRESENT, Golden, content, in_order, later_types, opened, read, rights

CONTENTS = {"": content, "types": later_types, "rights": rights}
"""The sets of contents: for each name what makes it, and says what it is."""

PERSISTENT = {"save": "3600 1000000"}
"""A server that writes an RDB when it is stopped, and not before."""


def make(binary: ServerBinary, golden: Golden) -> None:
    """Write the files of one server flavour, of one set of contents."""
    namespaces: dict[str, Any] = {}
    made = CONTENTS[golden.contents]
    with Server(binary, PERSISTENT) as server:
        for namespace in made.NAMESPACES:
            made.fill(server, namespace)
            with content.open_(server, namespace) as eu:
                collections = []
                for (kind, name, partitions), value in made.reads_of(namespace).items():
                    reads = in_order(value) if kind.endswith("_set") else value
                    place = kind, name, partitions
                    found = json.loads(json.dumps(read(eu, *place)))
                    assert found == reads, (place, found, reads)
                    state = opened(eu, *place).dump().model_dump(mode="json")
                    collections.append(
                        {"kind": kind, "name": name, "partitions": partitions}
                        | {"reads": reads, "state": state}
                    )
                eu.dump(golden.dump(namespace))
                namespaces[namespace] = {
                    "replica_id": "eu",
                    "shards": content.SHARDS[namespace],
                    "collections": collections,
                }
        rdb = Path(server.directory, "dump.rdb")
        server.stop()
        shutil.copyfile(rdb, golden.rdb)
    golden.json.write_text(_text_of(binary, namespaces), encoding="utf-8")


def _text_of(binary: ServerBinary, namespaces: dict[str, Any]) -> str:
    """A collection on each line, so that people can read it."""
    text = json.dumps({"made by": binary.version, "namespaces": namespaces}, ensure_ascii=False)
    return text.replace('{"kind"', '\n{"kind"') + "\n"


def main() -> None:
    PRESENT.mkdir(exist_ok=True)
    for binary, contents in product(find_binaries(), CONTENTS):
        golden = Golden(PRESENT, binary.flavour, contents)
        if golden.json.exists():
            sys.stdout.write(f"{golden} is there, and stays\n")
            continue
        make(binary, golden)
        sys.stdout.write(f"{golden} is made, by {binary.version}\n")


if __name__ == "__main__":
    main()
