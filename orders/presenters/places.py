"""Where a page of a list ended, as a word for the address: a time in microseconds and an id."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID


def place_of(at: datetime, identity: UUID) -> str:
    """The word for the last row of a page."""
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%S%f}.{identity.hex}"


def read_place(text: str) -> tuple[datetime, UUID] | None:
    """The place in an address; None for anything damaged, which shows the first page."""
    moment, _, identity = text.partition(".")
    try:
        return datetime.strptime(moment, "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC), UUID(identity)
    except ValueError:
        return None
