"""Schedules that once violated something, each as small as it could be made."""

from __future__ import annotations

from tests.schedules.plan import PLACES, Plan

TAGS, DONE = PLACES[0], PLACES[3]

FOUND: dict[str, Plan] = {
    # What an old dump of a told of one collection hid from b's peers what b knew of a.
    "a note of one collection lowers what is known of all": Plan(
        regions=3,
        shape="ring",
        feed_limits=(10, 100_000, 100_000),
        batch=2,
        places=(TAGS,),
        fields=4,
        steps=(
            ("write_many", (0, 0, 0, 0, 0)),
            ("pull", (4, 0)),
            ("keep_dump", (0, 0)),
            ("load_dump", (1, 0)),
            ("write", (2, 0, 8, 0)),
            ("write", (0, 0, 1, 3)),
            ("pull", (4, 0)),
            ("remove_and_collect", (2, 0, 1)),
            ("pull_again", (3,)),
        ),
    ),
    # The directory then said only that the name was dropped.
    "a drop and what was written after it arrive together": Plan(
        regions=3,
        shape="star",
        feed_limits=(1, 100_000, 100_000),
        batch=3,
        places=(TAGS,),
        fields=4,
        steps=(
            ("write", (2, 0, 7, 2)),
            ("drop", (2, 0)),
            ("write", (2, 0, 2, 1)),
            ("pull_again", (1,)),
            ("pull_again", (2,)),
            ("drop", (1, 0)),
            ("write", (1, 0, 1, 0)),
        ),
    ),
    # The alias of the new incarnation was not yet written down where the batch read what it wrote.
    "a batch begins an incarnation": Plan(
        regions=2,
        shape="pair",
        feed_limits=(10, 10),
        batch=500,
        places=(TAGS,),
        fields=1,
        steps=(
            ("write_many", (0, 0, 0, 0, 0)),
            ("pull", (1, 0)),
            ("write", (1, 0, 0, 0)),
            ("pull", (0, 0)),
            ("save", (0, 1)),
            ("restore", (0, 0)),
            ("write_many", (0, 0, 0, 0, 3)),
        ),
    ),
    # A page that was not applied was passed over, and what it held was claimed to be known.
    "a target is put back between two pulls": Plan(
        regions=2,
        shape="pair",
        feed_limits=(1, 1),
        batch=2,
        places=(DONE,),
        fields=1,
        steps=(
            ("save", (1, 1)),
            ("pull_again", (1,)),
            ("restore", (1, 0)),
            ("write", (0, 0, 0, 4)),
            ("write", (0, 0, 0, 5)),
        ),
        silently=True,
        heal_again=True,
    ),
}
