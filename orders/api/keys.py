"""The Idempotency-Key that every request for money needs."""

from __future__ import annotations

from typing import Annotated

from ninja import Header

Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[!-~]+$",
        description="Yours, fresh for each thing you want done: the same key with the same body is done once.",
    ),
]
