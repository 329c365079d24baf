"""A fix of a discrepancy is done: once, by one person or by two, under the lock and the rule that the page showed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from orders.database import database_now
from orders.mirror.refresh import refresh_transaction
from orders.models import Discrepancy, DiscrepancyState, Source
from orders.modifications.refusals import NotAllowed
from orders.reconciliation.discrepancies.adopting import adopt
from orders.reconciliation.discrepancies.fix_facts import REASONED, Fix
from orders.reconciliation.discrepancies.fix_rules import may
from orders.reconciliation.discrepancies.fix_words import given_up, left_as_it_is
from orders.reconciliation.discrepancies.linking_both import link_both
from orders.reconciliation.discrepancies.typing import look_again
from orders.reconciliation.discrepancies.writing import asker_of, attempt, facts_of, locked, reason_of, write
from orders.sentences import full_stop

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@dataclass(frozen=True, kw_only=True)
class _Request:
    by: User
    source: Source
    reason: str
    details: Mapping[str, Any] = field(default_factory=dict)


def apply_fix(
    discrepancy_id: int,
    code: str,
    *,
    by: User,
    version: int,
    reason: str = "",
    details: Mapping[str, Any] | None = None,
    source: Source = Source.PAGE,
) -> str:
    """Do one fix; returns a sentence about what was done. Raises Refused, and then nothing was changed.

    `version` is the one the person saw. `details` of link: {"modification": id}, {"movement": id} or {"line": id}. Ask
    uses the network, so it must not be called within a database transaction.
    """
    request = _Request(by=by, source=source, reason=reason, details=dict(details or {}))
    fix = next((one for one in Fix if one.value == code), None)
    if fix is None:
        raise NotAllowed("There is no such fix; nothing was changed.", code="unknown_fix")

    def act() -> str:
        row = _allowed(discrepancy_id, fix, request, version)
        if fix in REASONED:
            return _ACTS[fix](row, replace(request, reason=reason_of(reason)))
        return _ACTS[fix](row, request)

    if fix is Fix.ASK:
        return _ask(discrepancy_id, request, version)
    return attempt(act, what=fix.value, discrepancy_id=discrepancy_id, by=by, source=source)


def _allowed(discrepancy_id: int, fix: Fix, request: _Request, version: int) -> Discrepancy:
    row = locked(discrepancy_id, request.by, version=version)
    decision = may(fix, facts_of(row), asker_of(request.by, row))
    if not decision.allowed:
        raise NotAllowed(decision.sentence, code=decision.rule)
    return row


# The acts. Each has the row locked, the rule asked and the reason checked.


def _link(row: Discrepancy, request: _Request) -> str:
    match = link_both(row, request.details, reason=request.reason, by=request.by, source=request.source)
    said = f"The line and the movement were linked: {request.reason}"
    _close(row, DiscrepancyState.RESOLVED, Fix.LINK, request, said=said)
    look_again(match)
    return said


def _adopt(row: Discrepancy, request: _Request) -> str:
    movement, told = adopt(row)
    sides = {"movement": movement.pk}
    match = link_both(row, sides, reason=request.reason, by=request.by, source=request.source)
    said = f"Adopted into our books. {told} {request.reason}"
    _close(row, DiscrepancyState.RESOLVED, Fix.ADOPT, request, said=said)
    look_again(match)
    return said


def _accept(row: Discrepancy, request: _Request) -> str:
    said = f"{left_as_it_is(row)} was accepted: {request.reason}"
    return _close(row, DiscrepancyState.ACCEPTED, Fix.ACCEPT, request, said=said)


def _propose(row: Discrepancy, request: _Request) -> str:
    said = f"{request.by.get_username()} proposed to write off {given_up(row)}: {request.reason}"
    changes = {
        "state": DiscrepancyState.WAITING,
        "proposed_by": request.by,
        "proposed_at": database_now(),
        "resolution": request.reason,
    }
    write(row, verb="proposed", sentence=said, by=request.by, source=request.source, changes=changes)
    return f"{full_stop(said)} A second person confirms."


def _confirm(row: Discrepancy, request: _Request) -> str:
    proposer = row.proposed_by.get_username() if row.proposed_by else ""
    said = f"{given_up(row)} was written off, as {proposer} proposed: {row.resolution}"
    return _close(row, DiscrepancyState.WRITTEN_OFF, Fix.WRITE_OFF, request, said=said)


def _reject(row: Discrepancy, request: _Request) -> str:
    said = f"{request.by.get_username()} rejected the write-off: {request.reason}"
    changes = {"state": DiscrepancyState.OPEN, "proposed_by": None, "proposed_at": None, "resolution": ""}
    write(row, verb="rejected", sentence=said, by=request.by, source=request.source, changes=changes)
    return said


def _reopen(row: Discrepancy, request: _Request) -> str:
    said = f"Reopened: {request.reason} It had been closed with: {row.resolution}"
    changes = {
        "state": DiscrepancyState.OPEN,
        "closed_at": None,
        "closed_by": None,
        "fix": "",
        "resolution": "",
        "proposed_by": None,
        "proposed_at": None,
        "reopened": row.reopened + 1,
    }
    write(row, verb="reopened", sentence=said, by=request.by, source=request.source, changes=changes)
    return f"It is open again: {request.reason}"


def _close(row: Discrepancy, state: DiscrepancyState, fix: Fix, request: _Request, *, said: str) -> str:
    changes = {
        "state": state,
        "closed_at": database_now(),
        "closed_by": request.by,
        "fix": fix.value,
        "resolution": said[: Discrepancy._meta.get_field("resolution").max_length],
    }
    write(row, verb=fix.value, sentence=said, by=request.by, source=request.source, changes=changes)
    return said


def _ask(discrepancy_id: int, request: _Request, version: int) -> str:
    """Check, ask with no transaction open, and write down what came."""

    def check() -> int | None:
        return _allowed(discrepancy_id, Fix.ASK, request, version).transaction_id

    def note(said: str) -> str:
        row = locked(discrepancy_id, request.by)
        write(row, verb="asked", sentence=said, by=request.by, source=request.source)
        return said

    by, source = request.by, request.source
    transaction_id = attempt(check, what="ask", discrepancy_id=discrepancy_id, by=by, source=source)
    assert transaction_id is not None
    result = refresh_transaction(transaction_id=transaction_id, by=by, source=source)
    if result.problem:
        said = f"The gateway was asked and gave no answer that helps: {result.problem}"
    else:
        said = f"The gateway was asked. {result.sentence} What has not met is matched again by the next run."
    return attempt(lambda: note(said), what="ask", discrepancy_id=discrepancy_id, by=by, source=source)


_ACTS: Mapping[Fix, Callable[[Discrepancy, _Request], str]] = {
    Fix.LINK: _link,
    Fix.ADOPT: _adopt,
    Fix.ACCEPT: _accept,
    Fix.WRITE_OFF: _propose,
    Fix.CONFIRM: _confirm,
    Fix.REJECT: _reject,
    Fix.REOPEN: _reopen,
}
