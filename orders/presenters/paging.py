"""Lists in keyset pages: which list was asked for, the rows of one page, and the word that leads to the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, Self, TypeVar

from django.db.models import Model, QuerySet

_Row = TypeVar("_Row", bound=Model)


class Lists(StrEnum):
    """The tabs of a page; their words stand in the address. Whoever names them says `label`, the word on the tab."""

    @classmethod
    def from_query(cls, text: str) -> Self:
        """The tab of an address; anything else is the first."""
        return cls(text) if text in set(cls) else next(iter(cls))

    @property
    def every(self) -> tuple[Self, ...]:
        """All tabs beside this one and itself."""
        return tuple(type(self))

    @property
    def query(self) -> str:
        """This tab in an address."""
        return f"state={self}"


@dataclass(frozen=True, kw_only=True)
class Cut(Generic[_Row]):
    """The rows of one page; `after` leads to the next one and is empty on the last."""

    rows: tuple[_Row, ...]
    after: str


def _id_of(row: Any) -> str:
    return str(row.pk)


def cut(rows: QuerySet[_Row], size: int, *, place: Callable[[_Row], str] = _id_of) -> Cut[_Row]:
    """The first `size` of these ordered rows, in one query; `place` is the word for where a row stands."""
    found = list(rows[: size + 1])
    shown = tuple(found[:size])
    return Cut(rows=shown, after=place(shown[-1]) if len(found) > size else "")
