"""Many fields written at once, onto few or many that are there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from tests.contract.seam import Regions, settled, size


async def writers(collection: Any) -> dict[str, str]:
    """The first line of each entry, tombstones included, by its element or key."""
    entries = (await settled(collection.dump())).entries
    return {field.strip('"'): entry.partition("\n")[0] for field, entry in entries.items()}


@pytest.mark.parametrize("kind", ["or_set", "lww_map"])
@pytest.mark.parametrize("there", [20, 100, 700])
@pytest.mark.parametrize("written", [20, 100])
async def test_what_is_there_is_observed(
    region: Regions, kind: str, there: int, written: int
) -> None:
    """Each entry that another writer began names that one, too, and no tombstone stays."""
    a, b = region("a"), region("b")
    here, other = getattr(a, kind)("c"), getattr(b, kind)("c")

    async def write(collection: Any, keys: Iterable[str]) -> None:
        await settled(collection.update(dict.fromkeys(keys, "v") if kind == "lww_map" else keys))

    theirs = [f"theirs {i}" for i in range(there)]
    both = [*theirs[:written], *(f"ours {i}" for i in range(written))]
    await write(other, theirs)
    await settled(a.pull(b))
    await write(here, both)
    found = await writers(here)
    assert found.keys() == {*theirs, *both}
    for key in both:
        assert "@a#" in found[key]
        assert ("@b#" in found[key]) == key.startswith("theirs")

    remove_all = here.delete_all if kind == "lww_map" else here.remove_all
    assert await settled(remove_all([*both, "nothing"])) == len(both)
    assert await settled(remove_all(both)) == 0
    again = [*both[::2], "new"]
    await write(here, again)
    assert await size(here) == len({*theirs[written:], *again})
    for key, text in (await writers(here)).items():
        assert ("@b#" in text) == key.startswith("theirs")
    if kind == "or_set":
        assert await settled(here.removed.size()) == len(both) - len(both[::2])
