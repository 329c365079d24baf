"""A movement that a person adopts from its line and that its gateway tells as well is booked once, whatever names each
of them gives it; and two that happened are two."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from orders.gateways.base import Movement
from orders.mirror.told import take_movement
from orders.models import (
    Discrepancy,
    ExternalMovement,
    FileState,
    GatewayAccount,
    LineType,
    Match,
    ModificationState,
    SettlementFile,
    Source,
    Transaction,
)
from orders.money import Money
from orders.reconciliation import evidence
from tests.factories import a_captured_transaction, a_transaction
from tests.mirror.snapshots import meet
from tests.reconciliation.discrepancies.fixing import a_told, fix, payment_of, refused
from tests.reconciliation_factories import a_discrepancy, a_file, a_line, a_match, a_modification_of

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 10, tzinfo=UTC)


def a_riddle(account: GatewayAccount, transaction: Transaction | None = None, **line: Any) -> Discrepancy:
    """The line of a refund of 25.00 EUR that nobody here asked for."""
    transaction = transaction or a_captured_transaction(account=account)
    values = {"type": LineType.REFUND, "gross": -2_500, "fee": 0, "reference": "rec-1", **line}
    return a_discrepancy(line=a_line(a_file(account), **values), transaction=transaction)


def books(row: Discrepancy) -> tuple[int, int]:
    """How many movements are stored, and how many minor units are refunded."""
    return ExternalMovement.objects.count(), payment_of(row).refunded


def listed(row: Discrepancy, *movements: Movement) -> Transaction:
    return meet(payment_of(row), *movements)


PORTAL = str(uuid4())
SAME = [
    # What the line says, and what the gateway does.
    ({}, a_told("ref-1", PORTAL)),
    ({"gateway_id": "ref-1"}, a_told("ref-1", PORTAL)),
    ({"gateway_id": "ref-1"}, a_told("", PORTAL)),
    ({"gateway_id": "ref-1"}, a_told("ref-1")),
    ({"gateway_id": "ref-1", "reference": ""}, a_told("ref-1", PORTAL)),
    ({"gateway_id": "ref-1", "reference": ""}, a_told("", PORTAL)),
    ({"reference": ""}, a_told("ref-1", PORTAL)),
    ({"reference": ""}, a_told("", "")),
    # Gateway B: a refund without a reference stands in the file under its id.
    ({"reference": "refund_1"}, a_told("refund_1", reference="")),
    ({"reference": "refund_1", "gateway_id": "refund_1"}, a_told("refund_1", reference="")),
    ({"reference": "shop-7"}, a_told("refund_1", reference="shop-7")),
    # Gateway C: the new payment's id is all there is, in one of two generations.
    ({"reference": "P01-1"}, a_told("P01-1", reference="P01-1")),
    ({"reference": "", "gateway_id": "P01-1"}, a_told("P01-1", reference="P01-1")),
    ({"reference": "", "gateway_id": "old-1"}, a_told("P01-1", reference="P01-1", facts={"legacy_id": "old-1"})),
]


@pytest.mark.parametrize(("line", "told"), SAME)
def test_what_was_adopted_and_is_read_later_is_one(
    account: GatewayAccount, anna: User, line: dict[str, Any], told: Movement
) -> None:
    row = a_riddle(account, **line)
    fix(row, "adopt", anna)
    for _ in range(2):
        transaction = listed(row, told)
        assert books(row) == (1, 2_500)
        assert not transaction.frozen


@pytest.mark.parametrize(("line", "told"), SAME)
def test_what_was_read_and_is_adopted_later_is_one(
    account: GatewayAccount, anna: User, line: dict[str, Any], told: Movement
) -> None:
    row = a_riddle(account, **line)
    listed(row, told)
    fix(row, "adopt", anna)
    listed(row, told)
    assert books(row) == (1, 2_500)
    assert Match.objects.get().movement == ExternalMovement.objects.get()


@pytest.mark.parametrize(("line", "told"), SAME)
def test_what_was_adopted_and_is_told_by_a_webhook_is_one(
    account: GatewayAccount, anna: User, line: dict[str, Any], told: Movement
) -> None:
    row = a_riddle(account, **line)
    fix(row, "adopt", anna)
    for _ in range(2):
        take_movement(transaction_id=payment_of(row).pk, movement=told, source=Source.WEBHOOK, patient=False)
        assert books(row) == (1, 2_500)


def test_an_adopted_one_takes_the_names_its_gateway_gives_it(account: GatewayAccount, anna: User) -> None:
    row = a_riddle(account, reference="")
    fix(row, "adopt", anna)
    version = payment_of(row).version
    assert listed(row, a_told("ref-1", PORTAL)).version == version + 1
    assert listed(row, a_told("ref-1", PORTAL)).version == version + 1
    movement = ExternalMovement.objects.get()
    assert (movement.gateway_id, movement.gateway_reference, movement.source) == ("ref-1", "rec-1", Source.SETTLEMENT)


def test_an_adopted_capture_can_be_named_by_a_refund_once_its_id_is_known(account: GatewayAccount, anna: User) -> None:
    line = a_line(a_file(account), gross=4_000, reference="rec-c")
    row = a_discrepancy(line=line, transaction=a_transaction(account=account))
    fix(row, "adopt", anna)
    told = a_told("cap-1", reference="rec-c", type="capture", amount=Money(4_000, "EUR"))
    assert listed(row, told).captured == 4_000
    assert payment_of(row).captures.get().gateway_id == "cap-1"


# Two are two.


@pytest.mark.parametrize("line", [{}, {"reference": ""}, {"gateway_id": "ref-2"}, {"reference": "rec-2"}])
@pytest.mark.parametrize("names", [(PORTAL, str(uuid4())), ("", "")])
@pytest.mark.parametrize("together", [True, False])
def test_of_two_that_the_gateway_tells_exactly_one_is_the_adopted_one(
    account: GatewayAccount, anna: User, line: dict[str, Any], names: tuple[str, str], together: bool
) -> None:
    row = a_riddle(account, **line)
    fix(row, "adopt", anna)
    one = a_told("ref-1", names[0], "rec-1")
    other = a_told("ref-2", names[1], "rec-2" if line.get("reference") == "rec-2" else "rec-1")
    for told in ((one, other), (other, one)):
        for part in [told] if together else [told[:1], told]:
            listed(row, *part)
    assert books(row) == (2, 5_000)
    assert sorted(ExternalMovement.objects.values_list("gateway_id", flat=True)) == ["ref-1", "ref-2"]


def test_two_refunds_under_ids_of_their_own_are_two_however_often_they_are_read(account: GatewayAccount) -> None:
    row = a_riddle(account)
    told = (a_told("ref-1", PORTAL), a_told("ref-2", str(uuid4())))
    for movements in (told, told[::-1], told[:1], told):
        listed(row, *movements)
    assert books(row) == (2, 5_000)


def test_two_lines_of_which_each_has_its_own_id_are_adopted_both(account: GatewayAccount, anna: User) -> None:
    one = a_riddle(account, gateway_id="ref-1")
    two = a_riddle(account, payment_of(one), gateway_id="ref-2")
    fix(one, "adopt", anna)
    fix(two, "adopt", anna)
    listed(one, a_told("ref-2", PORTAL), a_told("ref-1", str(uuid4())))
    assert books(one) == (2, 5_000)


def test_of_two_that_gateway_b_tells_the_one_the_file_names_is_the_adopted_one(
    account: GatewayAccount, anna: User
) -> None:
    row = a_riddle(account, reference="refund_1")
    fix(row, "adopt", anna)
    adopted = ExternalMovement.objects.get()
    listed(row, a_told("refund_2", reference=""), a_told("refund_1", reference=""))
    adopted.refresh_from_db()
    assert adopted.gateway_id == "refund_1"
    assert books(row) == (2, 5_000)


def test_a_webhook_of_a_refund_after_the_day_of_the_line_is_another_refund(account: GatewayAccount, anna: User) -> None:
    row = a_riddle(account, reference="")
    fix(row, "adopt", anna)
    later = a_told("P01-2", reference="P01-2", at=datetime(2026, 11, 24, 10, tzinfo=UTC))
    take_movement(transaction_id=payment_of(row).pk, movement=later, source=Source.WEBHOOK, patient=False)
    assert books(row) == (2, 5_000)


def test_a_reading_with_gaps_may_show_another_refund(account: GatewayAccount, anna: User) -> None:
    row = a_riddle(account, reference="")
    fix(row, "adopt", anna)
    later = a_told("ref-2", PORTAL, at=datetime(2026, 11, 24, 10, tzinfo=UTC))
    meet(payment_of(row), later, warnings=("The answer does not show all refunds.",))
    assert books(row) == (2, 5_000)


def test_a_line_that_a_corrected_file_books_on_another_day_is_the_same(account: GatewayAccount, anna: User) -> None:
    row = a_riddle(account, reference="")
    fix(row, "adopt", anna)
    assert row.line is not None
    SettlementFile.objects.filter(pk=row.line.file_id).update(state=FileState.REPLACED)
    earlier = a_riddle(account, payment_of(row), reference="", booked_on=date(2026, 11, 2))
    fix(earlier, "adopt", anna)
    assert books(row) == (1, 2_500)
    assert set(Match.objects.values_list("line", flat=True)) == {row.line_id, earlier.line_id}


def test_another_amount_under_another_id_is_another_refund(account: GatewayAccount, anna: User) -> None:
    row = a_riddle(account)
    fix(row, "adopt", anna)
    listed(row, a_told("ref-2", PORTAL, amount=Money(1_000, "EUR")))
    assert books(row) == (2, 3_500)


def test_two_chargebacks_about_one_capture_are_two(account: GatewayAccount) -> None:
    row = a_riddle(account)
    told = [
        a_told("cap-1", str(uuid4()), reference, type="chargeback", amount=Money(amount, "EUR"))
        for reference, amount in (("cb-1", 1_000), ("cb-2", 2_000))
    ]
    assert listed(row, *told).charged_back == 3_000
    assert listed(row, *told).charged_back == 3_000


# What a person is told.


def test_which_of_two_known_ones_a_line_is_says_a_person(account: GatewayAccount, anna: User) -> None:
    row = a_riddle(account, reference="")
    listed(row, a_told("ref-1", PORTAL), a_told("ref-2", str(uuid4())))
    assert refused(row, "adopt", anna) == "several"
    assert books(row) == (2, 5_000)


def test_a_second_line_without_an_id_waits_for_the_gateways_word(account: GatewayAccount, anna: User) -> None:
    row = a_riddle(account)
    listed(row, a_told("ref-1", PORTAL))
    fix(row, "adopt", anna)
    second = a_riddle(account, payment_of(row))
    assert refused(second, "adopt", anna) == "known"
    listed(row, a_told("ref-1", PORTAL), a_told("ref-2", str(uuid4())))
    fix(second, "adopt", anna)
    assert books(row) == (2, 5_000)
    assert Match.objects.values("movement").distinct().count() == 2


def test_what_a_person_took_apart_is_not_put_together_by_adopting(account: GatewayAccount, anna: User) -> None:
    row = a_riddle(account, reference="")
    listed(row, a_told("ref-1", PORTAL))
    assert row.line is not None
    match = a_match(row.line, movement=ExternalMovement.objects.get())
    Match.objects.filter(pk=match.pk).update(ended_at=AT, ended_by=anna, ended_reason="It is another refund.")
    fix(row, "adopt", anna)
    assert books(row) == (2, 5_000)


# Beside a failed modification of ours.


def test_what_was_adopted_and_is_told_under_our_failed_one_stays_booked_once(
    account: GatewayAccount, anna: User
) -> None:
    row = a_riddle(account)
    fix(row, "adopt", anna)
    failed = a_modification_of(payment_of(row), kind="refund", amount=2_500, state=ModificationState.FAILED)
    told = a_told("ref-1", str(failed.pk))
    for _ in range(3):
        assert listed(row, told).frozen
    assert payment_of(row).refunded == 2_500
    beside = ExternalMovement.objects.get(modification=failed)
    assert not beside.booked
    assert "booked already" in beside.unbooked_reason


@pytest.mark.parametrize("told", [a_told("ref-1"), a_told("ref-1", PORTAL)])
def test_what_a_line_says_of_our_failed_one_is_booked_once_when_the_gateway_lists_it(
    account: GatewayAccount, told: Movement
) -> None:
    row = a_riddle(account, reference="")
    failed = a_modification_of(payment_of(row), kind="refund", amount=2_500, state=ModificationState.FAILED)
    assert row.line is not None
    assert evidence.tell(failed, evidence.Paid(amount=2_500, line=row.line))
    for _ in range(3):
        assert listed(row, told).frozen
    assert books(row) == (1, 2_500)
    assert ExternalMovement.objects.get().modification == failed


def test_a_chargeback_that_was_adopted_is_told_and_booked_once(account: GatewayAccount, anna: User) -> None:
    line = a_line(a_file(account), type=LineType.CHARGEBACK, gross=-10_000, fee=0, reference="cb-1")
    row = a_discrepancy(line=line, transaction=a_captured_transaction(account=account))
    fix(row, "adopt", anna)
    told = replace(a_told("cap-1", PORTAL, "cb-1"), type="chargeback", amount=Money(10_000, "EUR"))
    assert listed(row, told).charged_back == 10_000
