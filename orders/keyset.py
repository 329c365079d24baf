"""Walking through a long list by keys instead of page numbers: page ten thousand costs what page one costs."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet

M = TypeVar("M", bound=Model)
_ID_MAXIMUM = 2**63 - 1


class CursorRefused(ValueError):
    """The text is not one of our cursors."""


@dataclass(frozen=True)
class Cursor:
    """A place between two rows: the time and id of the row beside it."""

    at: datetime
    id: int

    def __str__(self) -> str:
        plain = f"{self.at.astimezone(UTC).isoformat()}|{self.id}"
        return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


@dataclass(frozen=True)
class Page:
    """Rows, newest first, and the cursors that lead on; empty where nothing follows."""

    rows: Sequence[Any]
    before: str
    after: str


def read_cursor(text: str) -> Cursor:
    """Raises CursorRefused for anything that `str(Cursor)` did not write."""
    try:
        plain = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)).decode("ascii")
        at, _, number = plain.partition("|")
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise ValueError(at)
        cursor = Cursor(moment.astimezone(UTC), int(number))
    except (ValueError, binascii.Error, OverflowError) as error:
        raise CursorRefused(text[:80]) from error
    if not 0 < cursor.id <= _ID_MAXIMUM:
        raise CursorRefused(text[:80])
    return cursor


def page_of(
    rows: QuerySet[M], *, by: str, size: int, after: Cursor | None = None, before: Cursor | None = None
) -> Page:
    """`size` rows ordered by (`by`, id), newest first; one query. `before` wins when both cursors are given."""
    if before is not None:
        found = list(rows.filter(_newer(by, before)).order_by(by, "id")[: size + 1])
        shown = found[:size][::-1]
        return Page(shown, _edge(shown, by, first=True) if len(found) > size else "", _edge(shown, by, first=False))
    if after is not None:
        rows = rows.filter(_older(by, after))
    found = list(rows.order_by(f"-{by}", "-id")[: size + 1])
    shown = found[:size]
    return Page(
        shown,
        _edge(shown, by, first=True) if after is not None else "",
        _edge(shown, by, first=False) if len(found) > size else "",
    )


def _older(by: str, cursor: Cursor) -> Q:
    """The first condition alone bounds the index; the second takes out the ties on the wrong side."""
    return Q(**{f"{by}__lte": cursor.at}) & (Q(**{f"{by}__lt": cursor.at}) | Q(id__lt=cursor.id))


def _newer(by: str, cursor: Cursor) -> Q:
    return Q(**{f"{by}__gte": cursor.at}) & (Q(**{f"{by}__gt": cursor.at}) | Q(id__gt=cursor.id))


def _edge(rows: Sequence[Any], by: str, *, first: bool) -> str:
    if not rows:
        return ""
    row = rows[0 if first else -1]
    return str(Cursor(getattr(row, by), row.pk))
