"""For any ledger: every minor unit of their lines is a movement of ours, or stands in a discrepancy, and nothing moves
when it is looked at again."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any, NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from orders.models import Discrepancy, ExternalMovement, Match, Modification, RunState, SettlementFile
from orders.reconciliation.discrepancies.typing import miss, type_leftovers
from orders.reconciliation.matching.balance import balance
from orders.reconciliation.matching.engine import Scope, match
from tests.examples import examples
from tests.factories import a_captured_transaction, an_account
from tests.reconciliation_factories import BOOKED, a_file, a_line, a_modification_of, a_movement, a_run

NOON = datetime.combine(BOOKED, time(12), UTC)


class Deed(NamedTuple):
    """A movement of ours and what becomes of its line. The same reference number twice is the same reference."""

    kind: str
    amount: int
    reference: int
    fate: str
    days: int
    with_ids: bool


FATES = (
    *("whole", "whole", "left_out", "twice", "wrong_amount", "wrong_currency", "wrong_kind", "legs", "short_leg"),
    *("lost_reference", "unknown", "failed", "wrong_twice", "wrong_ways"),
)
DEEDS = st.lists(
    st.builds(
        Deed,
        kind=st.sampled_from(["capture", "refund", "chargeback", "portal_refund"]),
        amount=st.integers(2, 400),
        reference=st.integers(1, 4),
        fate=st.sampled_from(FATES),
        days=st.integers(0, 8),
        with_ids=st.booleans(),
    ),
    min_size=1,
    max_size=7,
)
EXTRAS = st.lists(
    st.tuples(st.sampled_from(["capture", "refund", "chargeback", "reversal", "fee", "fx"]), st.integers(1, 400)),
    max_size=3,
)


class AnyLedger(TestCase):
    @settings(max_examples=examples(25), deadline=None, suppress_health_check=list(HealthCheck))
    @given(deeds=DEEDS, extras=EXTRAS, tolerance=st.integers(0, 2), two_files=st.booleans())
    def test_adds_up_by_currency_or_the_difference_is_listed(
        self, deeds: list[Deed], extras: list[tuple[str, int]], tolerance: int, two_files: bool
    ) -> None:
        account = an_account()
        transaction = a_captured_transaction(account=account)
        files = [a_file(account) for _ in range(1 + two_files)]
        for number, deed in enumerate(deeds):
            _live(deed, number, transaction, files)
        for kind, amount in extras:
            _extra(kind, amount, files[-1])
        for file in files:
            _take(file, tolerance)
        miss(account, _without_a_line(account.pk), None, BOOKED)
        night = a_run(account, state=RunState.RUNNING)
        match(Scope(run=night, tolerance_minor=tolerance))
        night.state = RunState.APPLIED
        night.save()
        type_leftovers(night)
        found = balance(account.pk, until=None)
        assert {currency: one.missing for currency, one in found.items() if not one.holds} == {}
        assert {currency: one.on_the_way for currency, one in found.items() if one.on_the_way} == {}
        _nothing_is_told_twice(account.pk)
        before = _story(account.pk)
        type_leftovers(night)
        assert _story(account.pk) == before


def _live(deed: Deed, number: int, transaction: Any, files: list[SettlementFile]) -> None:
    """Write our side, and the line or lines that its fate makes of it."""
    reference = f"R{deed.reference}" if deed.kind == "capture" else f"R{deed.reference}-{number % 3}"
    identity: dict[str, Any] = {"gateway_reference": reference, "gateway_id": f"g{number}"}
    moved = NOON - timedelta(days=deed.days)
    if deed.kind in ("chargeback", "portal_refund"):
        kind = "refund" if deed.kind == "portal_refund" else "chargeback"
        a_movement(transaction, kind=kind, amount=deed.amount, moved_at=moved, **identity)
    else:
        kind = deed.kind
        state: Any = "failed" if deed.fate == "failed" else "unknown" if deed.fate == "unknown" else "succeeded"
        if state == "unknown" and kind == "capture":
            state = "review" if number == 0 else "failed"
        a_modification_of(transaction, kind=kind, amount=deed.amount, state=state, gateway_at=moved, **identity)
    sign = 1 if kind == "capture" else -1
    words: dict[str, Any] = {"reference": reference, "transaction_reference": transaction.reference}
    if deed.with_ids:
        words["gateway_id"] = f"g{number}"
    if deed.fate == "lost_reference":
        words |= {"reference": "", "gateway_id": ""}
    for part, (type, gross, currency) in enumerate(_lines_of(deed, kind, sign)):
        a_line(files[part % len(files)], type=type, gross=gross, currency=currency, fee=0, **words)


def _lines_of(deed: Deed, kind: str, sign: int) -> list[tuple[str, int, str]]:
    gross, currency = sign * deed.amount, "EUR"
    other = "refund" if kind == "capture" else "capture"
    return {
        "left_out": [],
        "twice": [(kind, gross, currency)] * 2,
        "wrong_amount": [(kind, gross + sign * 7, currency)],
        "wrong_currency": [(kind, gross, "SEK")],
        "wrong_kind": [(other, -gross, currency)],
        "legs": [(kind, sign * 1, currency), (kind, gross - sign, currency)],
        "wrong_twice": [(kind, gross, "SEK")] * 2,
        "wrong_ways": [(kind, gross + sign * 9, currency), (other, -gross, currency), (kind, gross, "SEK")],
        "short_leg": [(kind, sign * 1, currency)],
    }.get(deed.fate, [(kind, gross, currency)])


def _extra(kind: str, amount: int, file: SettlementFile) -> None:
    sign = -1 if kind in ("refund", "chargeback") else 1
    gross = 0 if kind == "fee" else sign * amount
    a_line(file, type=kind, gross=gross, fee=amount if kind == "fee" else 0, reference=f"X{amount}")


def _take(file: SettlementFile, tolerance: int) -> None:
    run = a_run(file=file, state=RunState.RUNNING)
    match(Scope(run=run, file_ids=(file.pk,), tolerance_minor=tolerance))
    run.state = RunState.APPLIED
    run.save()
    type_leftovers(run)


def _without_a_line(account_id: int) -> list[Any]:
    """What succeeded, met no line and is named by no discrepancy."""
    items: list[Any] = []
    for model, column in ((Modification, "modification_id"), (ExternalMovement, "movement_id")):
        told = {
            key
            for rows in (Match.objects.all(), Discrepancy.objects.unsettled())
            for key in rows.filter(account=account_id).values_list(column, flat=True)
        }
        items += [one for one in model._default_manager.filter(account=account_id) if one.pk not in told]
    return [one for one in items if getattr(one, "state", "succeeded") == "succeeded"]


def _nothing_is_told_twice(account_id: int) -> None:
    """No line has two matches or two discrepancies, and no movement is held by two lines but by its legs."""
    matches = list(
        Match.objects.filter(account_id=account_id).values_list("line_id", "rule", "modification_id", "movement_id")
    )
    assert len({line for line, *_ in matches}) == len(matches)
    whole = [items for _, rule, *items in matches if rule != "legs"]
    assert len({tuple(one) for one in whole}) == len(whole)
    about = Discrepancy.objects.unsettled().filter(account=account_id, line__isnull=False)
    lines = list(about.exclude(type__in=["fee", "late"]).values_list("line_id", flat=True))
    assert len(set(lines)) == len(lines)


def _story(account_id: int) -> list[Any]:
    rows = Discrepancy.objects.filter(account=account_id).order_by("pk")
    return list(rows.values_list("key", "type", "state", "difference", "version"))
