"""The numbers that what is stored and what is dumped carry, and the rule by which they change.

There are two: :data:`STORED` is noted in each shard of a namespace on a server (``format`` in
its meta hash; ``lua/README.md`` says what is stored, byte by byte), :data:`DUMPED` in the first
line of each file and in each dump of a collection (``version``). The rule:

1. A number is raised by whatever a version that is in use would misread, such as a new kind of
   collection. What it would leave alone, such as one more field of meta, raises nothing.
2. Every later version reads what was written under these numbers and all later ones.
   ``tests/golden/`` has files of each format, with what they must read as. They are never made
   anew: another format gets a folder of its own beside them.
3. A higher number than one knows is refused before anything is written, with a message that says
   what to upgrade. So whatever later dumps are like, they begin with a line that has ``format``
   and ``version``; and ``format`` stays where it is in meta.
4. To upgrade the library changes nothing that is stored. A namespace goes over to a higher number
   with the first write that needs it, which takes the field ``writer`` out of meta; later formats
   have another one. So whoever has it open by an older version finds it closed at the next write
   or pull, opens it, and is refused by its number. Hashes that are read natively keep their form,
   or get other keys. Hence the order: first upgrade all programs of all regions, syncers
   included; then use what is new.
"""

from __future__ import annotations

from typing import Final

STORED: Final = 2
"""The format of what is stored on servers."""

DUMPED: Final = 1
"""The format of dumps, of files as of single collections."""


def refusal(found: str, known: int, of_old: str) -> str:
    """Say that a format is not known here, and what to do; ``of_old`` if it is older than that."""
    if found.isdecimal() and len(found) < 10 and int(found) < known:
        return f"format {found} is of before the first release: {of_old}"
    return (
        f"format {found:.20} is not known here, where formats up to {known} are: "
        "upgrade redis-crdt in this program to the version of those that wrote it"
    )
