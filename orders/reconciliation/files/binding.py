"""A mapping laid over the header of one file: which cells make which part of a line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter

from orders.reconciliation.files.mapping import FIELDS, Mapping, Source
from orders.reconciliation.files.refusals import FileRefused, shown

Pick = Callable[[Sequence[str]], tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Binding:
    """`pick` takes FIELDS from the cells of a row that `constants` were appended to.

    `width` is how many cells a row has, `others` the places to read where a first place is empty.
    """

    width: int
    pick: Pick
    constants: list[str]
    others: tuple[tuple[int, int], ...]
    present: frozenset[str]


def bound(mapping: Mapping, header: Sequence[str], width: int) -> Binding:
    """Find the mapping's columns. `header` is empty when the file has none. Raises FileRefused naming what lacks."""
    names = [cell.strip().casefold() for cell in header]
    constants, places, others, present = [""], list[int](), list[tuple[int, int]](), set[str]()
    for field in FIELDS:
        source = mapping.columns.get(field)
        place = None if source is None else _place(source, names, width)
        if source is not None and source.constant:
            place = width + len(constants)
            constants.append(source.constant)
        if source is not None and source.or_column and (other := _named(source.or_column, names)) is not None:
            if place is None:
                place = other
            else:
                others.append((place, other))
        if place is not None:
            present.add(field)
        places.append(width if place is None else place)
    _nothing_lacks(mapping, names, present, width)
    return Binding(
        width=width, pick=itemgetter(*places), constants=constants, others=tuple(others), present=frozenset(present)
    )


def _place(source: Source, names: Sequence[str], width: int) -> int | None:
    if source.column:
        return _named(source.column, names)
    return source.position - 1 if 0 < source.position <= width else None


def _named(column: str, names: Sequence[str]) -> int | None:
    name = column.strip().casefold()
    return names.index(name) if name in names else None


def _nothing_lacks(mapping: Mapping, names: Sequence[str], present: set[str], width: int) -> None:
    lacking = [
        (field, source) for field, source in mapping.columns.items() if field not in present and not source.optional
    ]
    if lacking:
        said = ", ".join(
            shown(source.column) if source.column else f"column {source.position}" for _, source in lacking
        )
        has = ", ".join(shown(name, 30) for name in names[:12]) if names else f"{width} columns"
        raise FileRefused(f"The file lacks what the profile reads: {said}. It has {has}.")
    counts = Counter(names)
    for source in mapping.columns.values():
        for column in (source.column, source.or_column):
            if column and counts[column.strip().casefold()] > 1:
                raise FileRefused(
                    f"The header names {shown(column)} more than once, so nobody can tell which one counts."
                )
    if not {"gross", "net"} & present:
        raise FileRefused("The file has neither the gross nor the net column that the profile reads.")
