"""What a corrected file flips against its predecessor: lines only in the old one, only in the new one, and changed.

The lines of both files are compared by identity in windows of numbers, so that a page costs the same for a file of a
million lines. A line that is gone and one that came under the same reference and type are one that changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet

from orders.models import SettlementFile, SettlementLine
from orders.presenters.reconciliation.words import line_word
from orders.templatetags.presentation import money_text

WINDOW = 20_000
"""Lines of each file that one page compares."""
SHOWN = 200


@dataclass(frozen=True, kw_only=True)
class Side:
    """A line of one file, as texts."""

    line: SettlementLine
    word: str
    gross: str
    net: str


@dataclass(frozen=True, kw_only=True)
class Change:
    """A line that flips: `before` alone is gone, `after` alone is new, both are one that changed."""

    before: Side | None
    after: Side | None

    @property
    def word(self) -> str:
        """What happened to it."""
        if self.before and self.after:
            return "Changed"
        return "Only in the old file" if self.before else "Only in the new file"


@dataclass(frozen=True, kw_only=True)
class Changes:
    """One window of the comparison; `following` leads to the next and is empty on the last."""

    changes: tuple[Change, ...]
    begins: int
    ends: int
    following: str
    cut: bool
    """Whether more changed in this window than is shown."""


def changes_of(new: SettlementFile, old: SettlementFile, *, after: int) -> Changes:
    """The window of both files behind the number `after`, in three queries."""
    ends = after + WINDOW
    gone = _alone(old, new, after, ends)
    came = _alone(new, old, after, ends)
    more = SettlementLine.objects.filter(file_id__in=[new.pk, old.pk], number__gt=ends).exists()
    return Changes(
        changes=_paired(gone[:SHOWN], came[:SHOWN]),
        begins=after + 1,
        ends=ends,
        following=str(ends) if more else "",
        cut=len(gone) > SHOWN or len(came) > SHOWN,
    )


def _alone(file: SettlementFile, other: SettlementFile, after: int, ends: int) -> list[SettlementLine]:
    """Lines in the window of `file` whose identity `other` does not hold."""
    twins: QuerySet[SettlementLine] = SettlementLine.objects.filter(
        account_id=other.account_id, identity=OuterRef("identity"), file_id=other.pk
    )
    window = SettlementLine.objects.filter(file_id=file.pk, number__gt=after, number__lte=ends)
    return list(window.filter(~Exists(twins)).order_by("number")[: SHOWN + 1])


def _paired(gone: Sequence[SettlementLine], came: Sequence[SettlementLine]) -> tuple[Change, ...]:
    """Each line that went with the first one that came under its reference and type."""
    left = list(came)
    changes = []
    for line in gone:
        twin = next((one for one in left if line.reference and _same(one, line)), None)
        if twin is not None:
            left.remove(twin)
        changes.append(Change(before=_side(line), after=None if twin is None else _side(twin)))
    changes.extend(Change(before=None, after=_side(line)) for line in left)
    return tuple(sorted(changes, key=_number))


def _same(one: SettlementLine, other: SettlementLine) -> bool:
    return (one.reference, one.type) == (other.reference, other.type)


def _number(change: Change) -> int:
    side = change.after or change.before
    assert side is not None
    return side.line.number


def _side(line: SettlementLine) -> Side:
    return Side(
        line=line,
        word=line_word(line.type),
        gross=money_text(line.gross, line.currency),
        net=money_text(line.net, line.currency),
    )
