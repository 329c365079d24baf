"""What a sheet, the list's bar or a page asks for, done row by row; or tried and undone, to show what it would do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from django.contrib.auth.models import User as Person
from django.db import transaction

from orders.models import Discrepancy, DiscrepancyEntry, Source
from orders.modifications.refusals import Refused
from orders.reconciliation.discrepancies import desk
from orders.reconciliation.discrepancies.desk import Verdict
from orders.reconciliation.discrepancies.fixes import apply_fix
from orders.reconciliation.discrepancies.sheets_reading import Instruction

if TYPE_CHECKING:
    from django.contrib.auth.models import User

ACTIONS = (
    ("accept", "The difference stays as it is, up to the account’s limit.", "reason"),
    ("write_off", "Proposes to give the amount up; a second person confirms on the page.", "reason"),
    ("comment", "Adds a comment to its history.", "reason, as the comment"),
    ("assign", "Gives it an owner; an empty owner means nobody.", "owner, a user name"),
    ("due", "Says until when it is to be settled.", "due_on, as 2026-11-20"),
    ("carry", "Lets a later month answer for it.", "carry_to, as 2026-12, and reason"),
)
"""Each action, what it does and what its row must hold."""

_NO_ONE = 0
_STANDS = "Your comment stands there already."


def tried(instructions: Sequence[Instruction], *, by: User) -> list[Verdict]:
    """What `carried_out` would answer now: each row is really done, and undone before the next."""
    return [_tried(one, by) for one in instructions]


def carried_out(instructions: Sequence[Instruction], *, by: User, source: Source = Source.PAGE) -> list[Verdict]:
    """Do what each row asks for; every row stands or falls alone. Money actions are the same verbs as the page's."""
    return [_done(one, by, source) for one in instructions]


def _tried(one: Instruction, by: User) -> Verdict:
    with transaction.atomic():
        verdict = _done(one, by, Source.PAGE)
        transaction.set_rollback(True)
    if verdict.done and one.action == "comment" and verdict.sentence != _STANDS:
        return replace(verdict, sentence=f"Adds to its history: “{one.reason}”")
    return verdict


def _done(one: Instruction, by: User, source: Source) -> Verdict:
    if one.problem:
        return Verdict(discrepancy_id=one.pk, done=False, sentence=f"{one.problem} Nothing was changed.", code="row")
    if one.action in ("accept", "write_off"):
        return _fixed(one, by, source)
    if one.action == "comment":
        return _commented(one, by, source)
    (verdict,) = _moved(one, by, source)
    return verdict


def _fixed(one: Instruction, by: User, source: Source) -> Verdict:
    try:
        said = apply_fix(one.pk, one.action, by=by, reason=one.reason, version=one.version, source=source)
    except Refused as refusal:
        return Verdict(discrepancy_id=one.pk, done=False, sentence=refusal.sentence, code=refusal.code)
    return Verdict(discrepancy_id=one.pk, done=True, sentence=said)


def _commented(one: Instruction, by: User, source: Source) -> Verdict:
    """A comment leaves the version alone, so that a sheet sent twice is recognised by its words."""
    row = Discrepancy.objects.of(by).filter(pk=one.pk).first()
    if row is not None and row.version != one.version:
        sentence = f"It was changed since it was exported and is now “{row.get_state_display()}”. Nothing was done."
        return Verdict(discrepancy_id=one.pk, done=False, sentence=sentence, code="changed_since")
    last = DiscrepancyEntry.objects.filter(discrepancy_id=one.pk).order_by("-pk").first()
    if row is not None and last is not None and (last.actor_id, last.text) == (by.pk, one.reason):
        return Verdict(discrepancy_id=one.pk, done=True, sentence=_STANDS)
    (verdict,) = desk.comment([one.pk], text=one.reason, by=by, source=source)
    return verdict


def _moved(one: Instruction, by: User, source: Source) -> list[Verdict]:
    if one.action == "due":
        return desk.set_due([one.pk], due_on=one.due_on, by=by, source=source, version=one.version)
    if one.action == "carry":
        assert one.carry_to is not None, "a row without its month has a problem"
        return desk.carry([one.pk], to_month=one.carry_to, reason=one.reason, by=by, source=source, version=one.version)
    return desk.assign([one.pk], owner_id=_owner_id(one.owner), by=by, source=source, version=one.version)


def _owner_id(name: str) -> int | None:
    """None for nobody; a name that nobody has is answered like that of a stranger."""
    if not name:
        return None
    return Person.objects.filter(username=name).values_list("pk", flat=True).first() or _NO_ONE
