"""What the database itself never lets anybody change: frozen columns, finished rows, history."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import Error, IntegrityError, connection
from django.db import transaction as database_transaction
from django.db.models import Model

from orders import audit
from orders.models import NOT_YET_NAMED, EventSeal, GatewayAccount, Modification, Source, triggers
from orders.models.settlement_triggers import SETTLEMENT
from orders.models.trigger import Trigger
from orders.models.triggers import TRIGGERS
from orders.modifications.withdraw import withdraw
from tests import factories
from tests.models import writing_raw
from tests.models.test_constraints import (
    LATER,
    a_capture_row,
    a_delivery_in_the_inbox,
    a_piece_of_evidence,
    a_proposal,
    a_queued_capture,
    a_queued_refund,
    a_refund_plan,
    a_succeeded_refund,
    an_announcement,
    an_attempt,
    an_authorized,
    an_external_movement,
)
from tests.modifications import steps

pytestmark = pytest.mark.django_db


def an_event() -> Model:
    return a_queued_capture().events.get()


def a_seal() -> Model:
    a_queued_capture()
    audit.seal()
    return EventSeal.objects.get(sequence=1)


def a_failed_capture() -> Model:
    row = a_queued_capture()
    return steps.ended(row, steps.declined())


def a_withdrawn_capture() -> Model:
    row = a_queued_capture()
    return withdraw(modification_id=row.pk, by=row.requested_by, source=Source.PAGE)


def a_finished_attempt() -> Model:
    row = a_queued_capture()
    steps.ended(row, steps.unknown())
    return row.attempts.get()


ROWS: dict[str, Callable[[], Model]] = {
    "orders_order": factories.an_order,
    "orders_transaction": an_authorized,
    "orders_capture": a_capture_row,
    "orders_modification": a_queued_refund,
    "orders_attempt": an_attempt,
    "orders_evidence": a_piece_of_evidence,
    "orders_externalmovement": an_external_movement,
    "orders_event": an_event,
    "orders_eventseal": a_seal,
    "orders_proposal": a_proposal,
    "orders_gatewayaccount": factories.an_account,
    "orders_refundplan": a_refund_plan,
    "orders_inboxdelivery": a_delivery_in_the_inbox,
    "orders_announcement": an_announcement,
}
BOOKS = [trigger for trigger in TRIGGERS if trigger not in SETTLEMENT]
"""Those of settlement are broken in `test_settlement_triggers.py`."""
FROZEN = [trigger for trigger in BOOKS if trigger.columns]
NO_DELETE = [trigger for trigger in BOOKS if trigger.event == "DELETE"]
WRITTEN_ONCE = ["orders_refundplan", "orders_evidence", "orders_event", "orders_eventseal"]


@pytest.mark.parametrize("trigger", FROZEN, ids=lambda trigger: trigger.name)
def test_no_frozen_column_can_be_changed(trigger: Trigger) -> None:
    row = ROWS[trigger.table]()

    for column in trigger.columns:
        with pytest.raises(Error, match=trigger.message), database_transaction.atomic():
            writing_raw.update(row, **{column: another(row, column)})


@pytest.mark.parametrize("trigger", FROZEN, ids=lambda trigger: trigger.name)
def test_writing_the_same_value_into_a_frozen_column_is_no_change(trigger: Trigger) -> None:
    row = ROWS[trigger.table]()

    for column in trigger.columns:
        rewrite(row, column)


@pytest.mark.parametrize("finished", [a_succeeded_refund, a_failed_capture, a_withdrawn_capture])
@pytest.mark.parametrize(
    "columns",
    [
        {"state": "queued", "finished_at": None, "due_at": LATER},
        {"state": "failed"},
        {"reason_text": "otherwise"},
        {"gateway_reference": "another"},
        {"epoch": 99},
        {"executed_amount": 1},
    ],
)
def test_a_finished_modification_never_changes(finished: Callable[[], Model], columns: dict[str, Any]) -> None:
    row = finished()

    with pytest.raises(Error, match="a finished modification never changes"), database_transaction.atomic():
        writing_raw.update(row, **columns)


def test_the_epoch_never_falls() -> None:
    row = a_queued_capture()
    steps.claimed(row)
    row.refresh_from_db()

    with pytest.raises(Error, match="the epoch never falls"), database_transaction.atomic():
        writing_raw.update(row, epoch=0)
    writing_raw.update(row, epoch=2)


def test_an_attempt_is_completed_once() -> None:
    open_attempt = an_attempt()
    writing_raw.update(open_attempt, finished_at=LATER, verdict="unknown")

    with pytest.raises(Error, match="a completed attempt never changes"), database_transaction.atomic():
        writing_raw.update(open_attempt, verdict="succeeded")


@pytest.mark.parametrize("state", ["confirmed", "rejected", "void"])
def test_a_decision_is_final(state: str) -> None:
    proposal = a_proposal()
    second = factories.a_person()
    writing_raw.update(proposal, state=state, decided_by_id=second.pk)

    with pytest.raises(Error, match="a decision is final"), database_transaction.atomic():
        writing_raw.update(proposal, state="open", decided_by_id=None)


def test_a_transaction_is_named_by_its_gateway_once() -> None:
    new = factories.a_transaction(reference=f"{NOT_YET_NAMED}{uuid.uuid4()}")
    writing_raw.update(new, reference="T-1")

    with pytest.raises(Error, match="a reference of the gateway never changes"), database_transaction.atomic():
        writing_raw.update(new, reference="T-2")
    writing_raw.update(new, reference="T-1")


def test_a_card_record_is_learnt_once() -> None:
    payment = factories.a_transaction()
    writing_raw.update(payment, card_reference="card-1")

    with pytest.raises(Error, match="a card record once known never changes"), database_transaction.atomic():
        writing_raw.update(payment, card_reference="card-2")
    writing_raw.update(payment, card_reference="card-1")


@pytest.mark.parametrize("table", WRITTEN_ONCE)
def test_history_is_never_rewritten(table: str) -> None:
    row = ROWS[table]()
    column = {
        "orders_refundplan": "description",
        "orders_evidence": "verdict",
        "orders_event": "sentence",
        "orders_eventseal": "hash",
    }[table]

    with pytest.raises(Error, match="rows are never changed"), database_transaction.atomic():
        writing_raw.update(row, **{column: "otherwise"})


@pytest.mark.parametrize("trigger", NO_DELETE, ids=lambda trigger: trigger.name)
def test_a_row_of_the_books_is_never_deleted(trigger: Trigger) -> None:
    row = ROWS[trigger.table]()

    with pytest.raises(Error, match="rows are never deleted"), database_transaction.atomic():
        writing_raw.delete(row)


def test_models_and_querysets_meet_the_same_refusal() -> None:
    row = a_succeeded_refund()

    with pytest.raises(IntegrityError), database_transaction.atomic():
        Modification.objects.filter(pk=row.pk).update(reason_text="otherwise")
    with pytest.raises(IntegrityError), database_transaction.atomic():
        row.save()


def test_a_key_may_be_rotated_and_an_account_renamed() -> None:
    account = factories.an_account()

    account.seal_authentication_key("another secret")
    account.name = "renamed"
    account.save()

    assert GatewayAccount.objects.get(pk=account.pk).authentication_key == "another secret"


def test_the_database_has_exactly_the_triggers_of_the_list() -> None:
    assert triggers.installed(connection) == {trigger.name for trigger in TRIGGERS}


def test_every_trigger_of_the_list_is_broken_here() -> None:
    broken = {
        *(trigger.name for trigger in FROZEN),
        *(trigger.name for trigger in NO_DELETE),
        *(f"{table}_is_written_once" for table in WRITTEN_ONCE),
        *("modification_end_is_final", "modification_epoch_only_grows"),
        *("attempt_is_completed_once", "proposal_decision_is_final"),
        *("transaction_name_is_given_once", "transaction_card_is_given_once"),
    }

    assert broken == {trigger.name for trigger in BOOKS}


@pytest.fixture
def restored() -> Iterator[None]:
    yield
    triggers.install(using="default")


@pytest.mark.usefixtures("restored")
def test_what_a_table_rebuild_dropped_is_put_back_after_migrating() -> None:
    for event in ("INSERT", "UPDATE", "DELETE"):
        triggers.lift(connection, event=event)
    assert triggers.installed(connection) == set()

    call_command("migrate", verbosity=0)

    assert triggers.installed(connection) == {trigger.name for trigger in TRIGGERS}


def rewrite(row: Model, column: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f'UPDATE {row._meta.db_table} SET "{column}" = "{column}"')


def another(row: Model, column: str) -> Any:
    """Some other value the column's type takes."""
    field = next(field for field in row._meta.concrete_fields if field.column == column)
    kind = getattr(field, "target_field", field).get_internal_type()
    if kind == "UUIDField":
        return uuid.uuid4().hex
    if kind == "BooleanField":
        return not getattr(row, column)
    if kind in {"CharField", "TextField", "URLField"}:
        return "x" if getattr(row, column) != "x" else "y"
    if kind == "BinaryField":
        return b"other bytes"
    if kind == "BooleanField":
        return not getattr(row, column)
    if kind == "JSONField":
        return '{"other": "value"}'
    if kind == "DateField":
        return "2031-02-03"
    return LATER if kind == "DateTimeField" else 9_876
