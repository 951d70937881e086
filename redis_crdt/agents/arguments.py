"""What the arguments of agents' tools may be, and what is said of them."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from pydantic import Field

LONGEST: Final = 20_000
"""How many characters a text may have, so that whoever reads it can take it in."""

Text: TypeAlias = Annotated[str, Field(min_length=1, max_length=LONGEST)]

Key: TypeAlias = Annotated[str, Field(min_length=1, max_length=1000)]

Agent: TypeAlias = Annotated[
    str, Field(min_length=1, max_length=255, description="The name of an agent.")
]

Budget: TypeAlias = Annotated[
    str, Field(min_length=1, max_length=100, description="The name of a budget.")
]

Prefix: TypeAlias = Annotated[str, Field(description="What the keys begin with.")]

After: TypeAlias = Annotated[
    str | None, Field(description="`after` of the reply before; null to begin.")
]

Cursor: TypeAlias = Annotated[
    str | None, Field(description="`cursor` of the reply before; null to begin.")
]

Limit: TypeAlias = Annotated[int, Field(ge=1, le=200, description="How many at most.")]

Wait: TypeAlias = Annotated[
    float, Field(ge=0, le=30, description="For how many seconds to wait where there is nothing.")
]

Seconds: TypeAlias = Annotated[float, Field(gt=0, le=7 * 24 * 3600)]
