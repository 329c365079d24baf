"""A stored file's lines into the table, in short transactions that count for nothing until the file is applied.

A loading that was killed goes on behind the last line written: the file is read again from its beginning, so that its
sums and its end are checked as a whole, and only what is missing is inserted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction as database_transaction
from django.db.models import Count, Max, Min, Sum

from orders.models import SettlementFile, SettlementLine
from orders.reconciliation.files.mapping import Mapping
from orders.reconciliation.files.pace import Pace
from orders.reconciliation.files.reading import BadLine, FileRefused, Limits, Reading, Row
from orders.reconciliation.files.refusals import NOTHING_COUNTS
from orders.reconciliation.files.storing import content_of
from orders.reconciliation.files.writers import Renew, writer_of

__all__ = ["Renew", "Summary", "Torn", "Unreadable", "delete_lines", "load", "summary_of"]


class Unreadable(Exception):
    """The file is refused as a whole; the message says why, `bad_lines` are the lines that could not be read."""

    def __init__(self, sentence: str, bad_lines: list[BadLine]) -> None:
        super().__init__(sentence)
        self.bad_lines = bad_lines


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What the file's lines come to: minor units by currency, overlaps left out of `totals`, days of all lines."""

    lines: int
    overlaps: int
    totals: dict[str, dict[str, int]]
    everything: dict[str, dict[str, int]]
    """As `totals`, with the overlaps."""
    first_booked_on: date | None
    last_booked_on: date | None


def load(
    file: SettlementFile,
    *,
    mapping: Mapping,
    limits: Limits,
    today: date,
    renew: Renew,
    stored_as: int | None = None,
) -> Summary:
    """Insert every line of the stored file that is not there yet. Raises Unreadable when it cannot be taken.

    `rows_read` and `bytes_read` of the row follow. `stored_as` is the file whose bytes are read, where a trial has none
    of its own. Raises Torn when the lines do not add up; then begin again.
    """
    loading = _Loading(file, mapping=mapping, limits=limits, today=today, renew=renew, stored_as=stored_as)
    totals = loading.go_through()
    summary = summary_of(file)
    if summary.everything != totals:
        delete_lines(file, renew=renew)
        raise Torn
    return summary


class Torn(Exception):
    """What two readings wrote does not add up; the lines were deleted, so that reading begins anew."""


class _Loading:
    """One reading of the stored bytes, and beside it the writing of the rows."""

    def __init__(
        self,
        file: SettlementFile,
        *,
        mapping: Mapping,
        limits: Limits,
        today: date,
        renew: Renew,
        stored_as: int | None,
    ) -> None:
        self._writer = writer_of(file, renew=renew, progress=self._progress)
        content = content_of(stored_as or file.pk, asking=self._writer.between_parts)
        self._reading = Reading(content, mapping, limits=limits, today=today, beat=self._writer.beat)

    def go_through(self) -> dict[str, dict[str, int]]:
        """Write every row; the totals of the reading. Raises Unreadable."""
        bad: list[BadLine] = []
        try:
            with self._writer as writer:
                for one in self._reading:
                    if not isinstance(one, Row):
                        bad.append(one)
                    elif not bad:
                        writer.take(one)
                if bad:
                    raise Unreadable(_cannot_read(bad), bad)
                writer.finish()
        except FileRefused as refusal:
            raise Unreadable(str(refusal), bad) from refusal
        return self._reading.totals

    def _progress(self) -> dict[str, Any]:
        reading = self._reading
        return {"rows_read": reading.rows_read, "bytes_read": reading.bytes_read, "dialect": reading.dialect[:100]}


def summary_of(file: SettlementFile) -> Summary:
    """One pass over the file's lines."""
    rows = list(
        SettlementLine.objects.filter(file=file)
        .order_by()
        .values_list("currency", "overlap")
        .annotate(*_SUMS, Min("booked_on"), Max("booked_on"))
    )
    return Summary(
        lines=sum(row[2] for row in rows if not row[1]),
        overlaps=sum(row[2] for row in rows if row[1]),
        totals=_by_currency(row for row in rows if not row[1]),
        everything=_by_currency(rows),
        first_booked_on=min((row[6] for row in rows), default=None),
        last_booked_on=max((row[7] for row in rows), default=None),
    )


def _by_currency(rows: Iterable[Sequence[Any]]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        sums = found.setdefault(row[0], dict.fromkeys(_NAMES, 0))
        for name, value in zip(_NAMES, row[2:6], strict=True):
            sums[name] += int(value)
    return dict(sorted(found.items()))


def delete_lines(file: SettlementFile, *, renew: Renew) -> None:
    """Delete the lines of a file that never counted, in short transactions."""
    lines, pace = SettlementLine.objects.filter(file=file), Pace()
    while (first := lines.order_by("number").values_list("number", flat=True).first()) is not None:
        with pace.timed(), database_transaction.atomic():
            renew()
            lines.filter(number__lt=first + pace.size)._raw_delete(lines.db)


_NAMES = ("lines", "gross", "fee", "net")
_SUMS = (Count("pk"), Sum("gross"), Sum("fee"), Sum("net"))


def _cannot_read(bad: list[BadLine]) -> str:
    first = f"Line {bad[0].number:,}: {bad[0].reason}"
    more = {1: "", 2: " One more line cannot be read either."}.get(
        len(bad), f" {len(bad) - 1:,} more lines cannot be read either."
    )
    return f"{first}{more} {NOTHING_COUNTS} Correct the file or its profile, and upload it again."
