"""What a person took apart stays apart: no night, no corrected file and no trial makes the pair again; a person may."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from orders.models import (
    Discrepancy,
    DiscrepancyEntry,
    FileState,
    GatewayAccount,
    Match,
    ReconciliationRun,
    RunState,
    SettlementFile,
    SettlementLine,
    Transaction,
)
from orders.reconciliation.discrepancies.causes import explain
from orders.reconciliation.discrepancies.counterparts import choices_of
from orders.reconciliation.discrepancies.typing import look_again, miss, type_leftovers
from orders.reconciliation.matching import apart
from orders.reconciliation.matching.engine import Scope, match
from orders.reconciliation.matching.linking import link, unlink
from tests.factories import a_captured_transaction, a_person
from tests.reconciliation.matching.conftest import Matching
from tests.reconciliation_factories import BOOKED, a_file, a_line, a_modification_of, a_movement, a_run

WHY = "The portal shows another one."


@pytest.fixture
def fay(account: GatewayAccount) -> User:
    return a_person("fay", merchants=[account.merchant], groups=["finance"])


@pytest.fixture
def payment(account: GatewayAccount) -> Transaction:
    return a_captured_transaction(account=account)


def night(account: GatewayAccount) -> list[Match]:
    run = a_run(account, state=RunState.RUNNING)
    match(Scope(run=run))
    run.state = RunState.APPLIED
    run.save()
    type_leftovers(run)
    explain(run=run, today=BOOKED)
    return list(Match.objects.filter(run=run))


def taken_apart(made: Match, fay: User) -> None:
    look_again(unlink(made.pk, by=fay, reason=WHY))


def counting() -> list[tuple[int, Any]]:
    rows = Match.objects.filter(ended_at__isnull=True, run__state=RunState.APPLIED, line__file__state="applied")
    return [(row.line_id, row.modification_id or row.movement_id) for row in rows.order_by("pk")]


def by_reference(file: SettlementFile, payment: Transaction) -> None:
    a_modification_of(payment, gateway_reference="R1")
    a_line(file, reference="R1")


def by_gateway_id(file: SettlementFile, payment: Transaction) -> None:
    a_modification_of(payment, gateway_id="g1")
    a_line(file, reference="", gateway_id="g1", transaction_reference=payment.reference)


def by_our_id(file: SettlementFile, payment: Transaction) -> None:
    ours = a_modification_of(payment)
    a_line(file, reference="", custom_reference=str(ours.pk))


def by_likeness(file: SettlementFile, payment: Transaction) -> None:
    a_modification_of(payment)
    a_line(file, reference="", transaction_reference=payment.reference)


def at_the_portal(file: SettlementFile, payment: Transaction) -> None:
    a_movement(payment, kind="chargeback", amount=2_500, gateway_reference="C1")
    a_line(file, type="chargeback", gross=-2_500, fee=0, reference="C1")


def by_a_payout(file: SettlementFile, payment: Transaction) -> None:
    a_modification_of(payment, gateway_at=datetime.combine(BOOKED, time(9), UTC))
    a_line(file, type="payout", gross=-10_000, fee=0, reference="P1")


WAYS = [by_reference, by_gateway_id, by_our_id, by_likeness, at_the_portal, by_a_payout]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_no_night_makes_the_pair_again(
    file: SettlementFile,
    payment: Transaction,
    matched: Matching,
    fay: User,
    way: Callable[[SettlementFile, Transaction], None],
) -> None:
    way(file, payment)
    (made,) = matched(SettlementLine.objects.get())
    taken_apart(made, fay)

    assert night(file.account) == []

    row = Discrepancy.objects.get()
    assert (row.state, row.line_id) == ("open", made.line_id)
    before = (row.version, row.sentence, row.evidence, DiscrepancyEntry.objects.count())
    assert night(file.account) == []
    row.refresh_from_db()
    assert (row.version, row.sentence, row.evidence, DiscrepancyEntry.objects.count()) == before


def test_no_night_makes_legs_again(file: SettlementFile, payment: Transaction, matched: Matching, fay: User) -> None:
    a_modification_of(payment, gateway_reference="R1")
    legs = [a_line(file, reference="R1", gross=gross) for gross in (4_000, 6_000)]
    made = matched(*legs)
    assert {one.rule for one in made} == {"legs"}
    for one in made:
        taken_apart(one, fay)

    assert night(file.account) == []
    assert set(Discrepancy.objects.unsettled().values_list("line_id", flat=True)) == {leg.pk for leg in legs}


def test_the_discrepancy_says_who_took_what_apart_when_and_why(
    file: SettlementFile, payment: Transaction, matched: Matching, fay: User
) -> None:
    by_reference(file, payment)
    (made,) = matched(SettlementLine.objects.get())
    taken_apart(made, fay)
    made.refresh_from_db()
    assert made.ended_at is not None
    on = f"{made.ended_at.day} {made.ended_at:%b %Y}"

    line = Discrepancy.objects.get()
    assert line.sentence.endswith(
        "is in their file, and our books hold nothing else that it could be. "
        f"fay took it apart from our capture R1 of 100.00 EUR on {on}: “{WHY}” No run puts them together again."
    )
    item = made.modification
    assert item is not None
    assert miss(file.account, [item], None, BOOKED) == 1
    missed = Discrepancy.objects.get(key=f"item:{item.pk}")
    assert f"fay took it apart from line {made.line.number:,} of {file.name} on {on}: “{WHY}”" in missed.sentence


def test_no_cause_names_the_pair_and_a_person_may_still_choose_it(
    file: SettlementFile, payment: Transaction, matched: Matching, fay: User
) -> None:
    by_reference(file, payment)
    (made,) = matched(SettlementLine.objects.get())
    item = made.modification
    assert item is not None
    taken_apart(made, fay)
    miss(file.account, [item], None, BOOKED)
    night(file.account)

    for row in Discrepancy.objects.all():
        causes = {one["cause"] for one in row.evidence["tested"] if one["holds"]}
        assert "wrong_reference" not in causes
        assert "alike" not in causes
    row = Discrepancy.objects.select_related("account", "line__file", "transaction").get(line__isnull=False)
    assert [choice.value for choice in choices_of(row)] == [str(item.pk)]

    linked = link(made.line_id, modification_id=item.pk, by=fay, reason="It was the one after all.")
    look_again(linked)
    assert not Discrepancy.objects.unsettled().exists()
    assert night(file.account) == []
    assert counting() == [(made.line_id, item.pk)]


def test_another_movement_that_fits_is_met_instead(
    file: SettlementFile, payment: Transaction, matched: Matching, fay: User
) -> None:
    one = a_modification_of(payment, gateway_reference="R1")
    line: SettlementLine = a_line(file, reference="R1")
    (made,) = matched(line)
    other = a_modification_of(payment, gateway_reference="R1")
    assert made.modification == one
    taken_apart(made, fay)

    assert [found.modification for found in night(file.account)] == [other]
    assert not Discrepancy.objects.unsettled().exists()


def test_another_line_that_fits_is_met_instead(
    file: SettlementFile, payment: Transaction, matched: Matching, fay: User
) -> None:
    ours = a_modification_of(payment, gateway_reference="R1")
    first, second = a_line(file, reference="R1"), a_line(file, reference="R1")
    (made,) = matched(first, second)
    assert made.line == first
    taken_apart(made, fay)

    assert [(found.line, found.modification) for found in night(file.account)] == [(second, ours)]
    assert set(Discrepancy.objects.unsettled().values_list("line_id", "type")) == {(first.pk, "duplicate")}


class TestACorrectedFile:
    @pytest.mark.parametrize(
        "way", [by_reference, by_gateway_id, by_likeness, at_the_portal], ids=lambda way: way.__name__
    )
    def test_holds_the_same_line_and_the_decision(
        self,
        file: SettlementFile,
        payment: Transaction,
        matched: Matching,
        fay: User,
        way: Callable[[SettlementFile, Transaction], None],
    ) -> None:
        way(file, payment)
        (made,) = matched(SettlementLine.objects.get())
        taken_apart(made, fay)

        line = corrected(file, made.line, identity=made.line.identity)
        assert not Match.objects.filter(line=line).exists()
        assert Discrepancy.objects.unsettled().get().line_id == line.pk
        assert night(file.account) == []

    def test_with_another_content_is_another_line(
        self, file: SettlementFile, payment: Transaction, matched: Matching, fay: User
    ) -> None:
        by_gateway_id(file, payment)
        (made,) = matched(SettlementLine.objects.get())
        taken_apart(made, fay)

        line = corrected(file, made.line)
        assert counting() == [(line.pk, made.modification_id)]

    def test_does_not_undo_that_a_person_linked_them_again(
        self, file: SettlementFile, payment: Transaction, matched: Matching, fay: User
    ) -> None:
        by_gateway_id(file, payment)
        (made,) = matched(SettlementLine.objects.get())
        taken_apart(made, fay)
        link(made.line_id, modification_id=made.modification_id, by=fay, reason="It was the one after all.")

        line = corrected(file, made.line, identity=made.line.identity)
        assert counting() == [(line.pk, made.modification_id)]


def corrected(file: SettlementFile, line: SettlementLine, **fields: Any) -> SettlementLine:
    """A new version of the file that holds the line again, applied and typed."""
    instead = a_file(file.account, state=FileState.LOADING, replaces=file, version=2)
    words = ("type", "gross", "fee", "reference", "transaction_reference", "gateway_id", "custom_reference")
    again: SettlementLine = a_line(instead, **{word: getattr(line, word) for word in words}, **fields)
    run = a_run(file=instead, state=RunState.RUNNING)
    match(Scope(run=run, file_ids=(instead.pk,), replaced_file_ids=(file.pk,)))
    run.state = RunState.APPLIED
    run.save()
    SettlementFile.objects.filter(pk=instead.pk).update(state="applied", applied_at=run.started_at)
    SettlementFile.objects.filter(pk=file.pk).update(state="replaced")
    ReconciliationRun.objects.filter(file=file, state="applied").update(state="replaced")
    type_leftovers(run)
    return again


def test_another_account_is_not_bound_by_the_decision(
    file: SettlementFile, payment: Transaction, matched: Matching, fay: User
) -> None:
    by_gateway_id(file, payment)
    (made,) = matched(SettlementLine.objects.get())
    taken_apart(made, fay)
    elsewhere = a_file()
    theirs = a_captured_transaction(account=elsewhere.account)
    ours = a_modification_of(theirs, gateway_id="g1")
    words = {"reference": "", "gateway_id": "g1", "transaction_reference": theirs.reference}
    (found,) = matched(a_line(elsewhere, identity=made.line.identity, **words))
    assert found.modification == ours


@pytest.mark.parametrize("condition", [apart.of_modification, apart.of_movement])
def test_decisions_are_read_by_the_index_of_ended_matches(file: SettlementFile, condition: Callable[..., str]) -> None:
    tables = "orders_settlementline l, orders_modification m, orders_externalmovement e"
    statement = f"SELECT 1 FROM {tables} WHERE {condition()}"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {'QUERY PLAN ' if connection.vendor == 'sqlite' else ''}{statement}", {"account": 1})
        plan = "\n".join(str(row) for row in cursor.fetchall())
    if connection.vendor == "sqlite":
        assert "match_ended" in plan
    else:  # which of its indexes it takes follows from what the tests before left in its statistics
        assert "Seq Scan on orders_match" not in plan
