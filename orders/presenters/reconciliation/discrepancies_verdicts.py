"""What became of each row that a sheet or the list's bar asked about, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User

from orders.models import Discrepancy
from orders.reconciliation.discrepancies.desk import Verdict
from orders.reconciliation.discrepancies.sheets_reading import Instruction
from orders.templatetags.presentation import money_text


@dataclass(frozen=True, kw_only=True)
class VerdictRow:
    """One row's verdict; `title` is empty where the row is about nothing this person may see."""

    number: int
    pk: int
    title: str
    value: str
    done: bool
    word: str
    sentence: str

    @property
    def tone(self) -> str:
        """Good for what was done."""
        return "good" if self.done else "careful"


def verdict_rows(
    person: User, instructions: Sequence[Instruction], verdicts: Sequence[Verdict], *, done: str, refused: str
) -> tuple[VerdictRow, ...]:
    """The verdicts beside their discrepancies; `done` and `refused` are the words for the badges. One query."""
    rows = Discrepancy.objects.of(person).in_bulk([one.pk for one in instructions if one.pk])
    return tuple(
        VerdictRow(
            number=one.number,
            pk=one.pk,
            title=f"{row.get_type_display()} {row.pk}" if (row := rows.get(one.pk)) else "",
            value=money_text(row.worth, row.currency) if row else "",
            done=verdict.done,
            word=done if verdict.done else refused,
            sentence=verdict.sentence,
        )
        for one, verdict in zip(instructions, verdicts, strict=True)
    )


def summary_of(rows: Sequence[VerdictRow], *, done: str, refused: str) -> str:
    """`3 rows were done; 1 was refused.`"""
    good = sum(row.done for row in rows)
    parts = [_part(good, done), _part(len(rows) - good, refused)]
    return "; ".join(part for part in parts if part) + "."


def _part(count: int, words: str) -> str:
    return f"{count} row{'s' if count > 1 else ''} {words}" if count else ""
