"""The desk: who owns a discrepancy, until when, what is said about it, and to which month it is carried.

Each verb takes one id or many; every row stands or falls alone and answers with a verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.contrib.auth.models import User as Person

from orders.models import Discrepancy, Source
from orders.modifications.refusals import NotAllowed, Refused
from orders.permissions import permissions_of
from orders.reconciliation.closed import closed_month
from orders.reconciliation.discrepancies.writing import attempt, locked, reason_of, write

if TYPE_CHECKING:
    from django.contrib.auth.models import User

COMMENT_MAXIMUM = 4000
CARRY_MONTHS = 12
_NOBODY = "nobody"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What became of one row; the sentence is for the person who asked."""

    discrepancy_id: int
    done: bool
    sentence: str
    code: str = ""
    """Why not, for programs."""


def assign(
    discrepancy_ids: Iterable[int],
    *,
    owner_id: int | None,
    by: User,
    source: Source = Source.PAGE,
    version: int | None = None,
) -> list[Verdict]:
    """Give them an owner who may reconcile there, or nobody."""

    def act(row: Discrepancy) -> str:
        owner = _owner(owner_id, row)
        name = owner.get_username() if owner else _NOBODY
        if row.owner_id == owner_id:
            return f"{name} owns it already." if owner else "Nobody owns it already."
        sentence = f"{by.get_username()} took it." if owner == by else f"{by.get_username()} gave it to {name}."
        write(row, verb="assigned", sentence=sentence, by=by, source=source, changes={"owner": owner})
        return sentence

    return _each(discrepancy_ids, act, what="assignment", by=by, source=source, version=version)


def set_due(
    discrepancy_ids: Iterable[int],
    *,
    due_on: date | None,
    by: User,
    source: Source = Source.PAGE,
    version: int | None = None,
) -> list[Verdict]:
    """Say until when they are to be settled; None takes the date away."""

    def act(row: Discrepancy) -> str:
        if row.due_on == due_on:
            return "It has this due date already."
        until = f"is due on {due_on:%-d %B %Y}" if due_on else "has no due date any more"
        sentence = f"It {until}."
        write(row, verb="due", sentence=sentence, by=by, source=source, changes={"due_on": due_on})
        return sentence

    return _each(discrepancy_ids, act, what="due_date", by=by, source=source, version=version)


def comment(discrepancy_ids: Iterable[int], *, text: str, by: User, source: Source = Source.PAGE) -> list[Verdict]:
    """Write down what somebody found out; closed ones take comments too, until their month is closed."""
    plain = text.strip().replace("\0", "")

    def act(row: Discrepancy) -> str:
        if not plain:
            raise NotAllowed("Write the comment; nothing was changed.", code="text")
        if len(plain) > COMMENT_MAXIMUM:
            raise NotAllowed(f"A comment has at most {COMMENT_MAXIMUM} characters; nothing was kept.", code="text")
        sentence = f"{by.get_username()} commented."
        write(row, verb="commented", sentence=sentence, by=by, source=source, text=plain)
        return sentence

    return _each(discrepancy_ids, act, what="comment", by=by, source=source, closed_too=True)


def carry(
    discrepancy_ids: Iterable[int],
    *,
    to_month: date,
    reason: str,
    by: User,
    account_id: int | None = None,
    source: Source = Source.PAGE,
    version: int | None = None,
) -> list[Verdict]:
    """Let a later month answer for them, with a reason. `to_month` is any day of it; with an account, only its rows."""
    month = to_month.replace(day=1)

    def act(row: Discrepancy) -> str:
        if account_id is not None and row.account_id != account_id:
            raise NotAllowed("It belongs to another account, so it was not carried.", code="account")
        kept = reason_of(reason)
        _check_month(row, month)
        before = row.month
        sentence = f"Carried from {before:%B %Y} to {month:%B %Y}: {kept}"
        write(
            row,
            verb="carried",
            sentence=sentence,
            text=kept,
            by=by,
            source=source,
            changes={"month": month},
            details={"from": before.isoformat(), "to": month.isoformat()},
        )
        return sentence

    return _each(discrepancy_ids, act, what="carrying", by=by, source=source, version=version)


def _each(
    discrepancy_ids: Iterable[int],
    act: Callable[[Discrepancy], str],
    *,
    what: str,
    by: User,
    source: Source,
    version: int | None = None,
    closed_too: bool = False,
) -> list[Verdict]:
    def on_one(discrepancy_id: int) -> Verdict:
        def work() -> str:
            row = locked(discrepancy_id, by, version=version)
            _check(row, by, closed_too=closed_too)
            return act(row)

        try:
            said = attempt(work, what=what, discrepancy_id=discrepancy_id, by=by, source=source)
        except Refused as refusal:
            return Verdict(discrepancy_id=discrepancy_id, done=False, sentence=refusal.sentence, code=refusal.code)
        return Verdict(discrepancy_id=discrepancy_id, done=True, sentence=said)

    return [on_one(discrepancy_id) for discrepancy_id in dict.fromkeys(discrepancy_ids)]


def _check(row: Discrepancy, by: User, *, closed_too: bool) -> None:
    if "reconcile" not in permissions_of(by, row.merchant_id):
        raise NotAllowed(
            "You may not work on discrepancies of this merchant, so nothing was changed. Ask somebody in finance.",
            code="permission",
        )
    if closed_month(row.account_id, row.month) is not None:
        raise NotAllowed(
            f"{row.month:%B %Y} is closed, so nothing of it changes. Reopen the month with a reason first.",
            code="month_closed",
        )
    if not row.unsettled and not closed_too:
        raise NotAllowed("It is closed already, so nothing was changed. Reopen it if it is not over.", code="closed")


def _owner(owner_id: int | None, row: Discrepancy) -> User | None:
    if owner_id is None:
        return None
    owner = Person.objects.filter(pk=owner_id, is_active=True).first()
    if owner is None or "reconcile" not in permissions_of(owner, row.merchant_id):
        raise NotAllowed(
            "This person may not work on discrepancies of this merchant; nothing was changed. Choose somebody who may.",
            code="owner",
        )
    return owner


def _check_month(row: Discrepancy, month: date) -> None:
    months_on = (month.year - row.month.year) * 12 + month.month - row.month.month
    if months_on <= 0:
        raise NotAllowed(
            f"It belongs to {row.month:%B %Y} and can only be carried to a later month; nothing was carried.",
            code="to_month",
        )
    if months_on > CARRY_MONTHS:
        raise NotAllowed(
            f"{month:%B %Y} is more than {CARRY_MONTHS} months away; carry it to a nearer month.", code="to_month"
        )
    if closed_month(row.account_id, month) is not None:
        raise NotAllowed(f"{month:%B %Y} is closed already; choose an open month or reopen it.", code="month_closed")
