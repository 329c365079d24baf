"""Every CHECK and UNIQUE the database keeps, broken on purpose by raw SQL on whichever database runs the suite."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection
from django.db import transaction as database_transaction
from django.db.models import Model
from django.utils import timezone

from orders.gateways.base import Kind
from orders.models import (
    Announcement,
    ApiToken,
    Attempt,
    Evidence,
    ExternalMovement,
    GatewayAccount,
    InboxDelivery,
    Membership,
    Modification,
    Proposal,
    Purpose,
    Reference,
    RefundPlan,
    ShopDelivery,
    ShopEndpoint,
    Source,
    Switch,
    Transaction,
)
from tests import factories
from tests.models import settlement_crimes, writing_raw
from tests.models.crime import Crime
from tests.modifications import steps

pytestmark = pytest.mark.django_db

LATER = "2030-01-01 00:00:00+00:00"


def an_authorized() -> Transaction:
    return factories.a_transaction(authorized=10_000)


def a_half_captured() -> Transaction:
    return factories.a_transaction(authorized=10_000, captured=5_000, refunded=1_000, released=5_000)


def a_capture_row() -> Model:
    return a_half_captured().captures.get()


def a_queued_capture() -> Modification:
    return steps.asked(an_authorized())


def a_queued_refund() -> Modification:
    return steps.asked(a_half_captured(), Kind.REFUND, 1_000)


def a_succeeded_refund() -> Modification:
    row = a_queued_refund()
    return steps.ended(row, steps.success(row))


def an_attempt() -> Attempt:
    row = a_queued_capture()
    steps.armed(row)
    return row.attempts.get()


def a_piece_of_evidence() -> Evidence:
    return a_succeeded_refund().evidence.get()


def an_external_movement() -> ExternalMovement:
    transaction = an_authorized()
    return ExternalMovement.objects.create(
        account=transaction.account,
        transaction=transaction,
        kind="capture",
        amount=1,
        currency="EUR",
        key="portal-1",
        source="gateway",
        seen_at=timezone.now(),
        booked=False,
        unbooked_reason="It does not fit.",
    )


def a_proposal(subject: str = "unfreeze") -> Proposal:
    row = a_queued_refund()
    subjects: dict[str, dict[str, Any]] = {
        "resolve": {"modification": row},
        "unfreeze": {"transaction": row.transaction},
        "resume": {"account": row.account},
    }
    return Proposal.objects.create(
        merchant_id=row.merchant_id,
        subject=subject,
        evidence_text="I looked.",
        fingerprint="f" * 64,
        proposed_by=row.requested_by,
        proposed_at=timezone.now(),
        **subjects[subject],
    )


def a_refund_plan() -> RefundPlan:
    transaction = a_half_captured()
    return RefundPlan.objects.create(
        merchant_id=transaction.merchant_id,
        transaction=transaction,
        amount=4_000,
        currency="EUR",
        requested_by=factories.a_person(),
        requested_at=timezone.now(),
        source=Source.PAGE,
    )


def a_delivery_in_the_inbox() -> InboxDelivery:
    account = factories.an_account()
    now = timezone.now()
    return InboxDelivery.objects.create(
        merchant_id=account.merchant_id,
        account=account,
        key="evt-1",
        signed=True,
        body=b"{}",
        received_at=now,
        last_received_at=now,
        due_at=now,
    )


def a_shop_endpoint() -> ShopEndpoint:
    return ShopEndpoint.objects.create(
        merchant=factories.a_merchant(), url="https://shop.example/hooks", secret_sealed="sealed"
    )


def an_announcement() -> Announcement:
    row = a_queued_refund()
    return Announcement.objects.create(
        merchant_id=row.merchant_id,
        type="refund.succeeded",
        key="refund.succeeded:1",
        order=row.transaction.order,
        transaction=row.transaction,
        modification=row,
        at=timezone.now(),
    )


def a_shop_delivery() -> ShopDelivery:
    return ShopDelivery.objects.create(
        announcement=an_announcement(), endpoint=a_shop_endpoint(), due_at=timezone.now()
    )


def an_api_token() -> ApiToken:
    return ApiToken.objects.create(
        merchant=factories.a_merchant(),
        name="shop",
        prefix="abcdef",
        secret_sha256="0" * 64,
        acts_as=factories.a_person(),
        created_by=factories.a_person(),
        created_at=timezone.now(),
    )


def a_membership() -> Membership:
    factories.a_person(merchants=[factories.a_merchant()])
    return Membership.objects.get()


def a_reference() -> Reference:
    return Reference.objects.filter(order=factories.an_order()).get()


MONEY = ("authorized", "capturing", "captured", "released", "refunding", "refunded", "charged_back")
UPDATES = [
    *settlement_crimes.UPDATES,
    *(Crime("money_columns_are_never_negative", an_authorized, {name: -1}) for name in MONEY if name != "authorized"),
    Crime("captured_never_exceeds_authorized", an_authorized, {"captured": 10_001}),
    Crime("captured_never_exceeds_authorized", an_authorized, {"capturing": 10_001}),
    Crime("captured_never_exceeds_authorized", an_authorized, {"released": 10_001}),
    Crime("captured_never_exceeds_authorized", a_half_captured, {"capturing": 1}),
    Crime(
        "captured_never_exceeds_authorized", an_authorized, {"captured": 4_000, "capturing": 4_000, "released": 2_001}
    ),
    Crime("refunded_never_exceeds_captured", an_authorized, {"refunding": 1}),
    Crime("refunded_never_exceeds_captured", a_half_captured, {"refunded": 5_001}),
    Crime("refunded_never_exceeds_captured", a_half_captured, {"refunded": 3_000, "refunding": 2_001}),
    Crime(
        "a_cancellation_has_the_transaction_to_itself",
        an_authorized,
        {"exclusive_modification": uuid.uuid4().hex, "capturing": 1},
    ),
    Crime(
        "a_cancellation_has_the_transaction_to_itself",
        a_half_captured,
        {"exclusive_modification": uuid.uuid4().hex, "refunding": 1},
    ),
    Crime("a_capture_has_an_amount", a_capture_row, {"refunded": -1}),
    Crime("a_capture_has_an_amount", a_capture_row, {"refunding": -1}),
    Crime("refunds_never_exceed_their_capture", a_capture_row, {"refunded": 5_001}),
    Crime("refunds_never_exceed_their_capture", a_capture_row, {"refunded": 2_500, "refunding": 2_501}),
    Crime("a_modification_state_is_known", a_queued_capture, {"state": "lost"}),
    Crime("success_carries_a_reference", a_queued_capture, {"state": "succeeded", "finished_at": LATER}),
    Crime("an_end_has_a_time", a_queued_capture, {"state": "failed"}),
    Crime("an_end_has_a_time", a_queued_capture, {"finished_at": LATER}),
    Crime(
        "what_was_sent_is_never_withdrawn",
        a_queued_capture,
        {"state": "withdrawn", "finished_at": LATER, "first_sent_at": LATER},
    ),
    Crime("a_flight_has_a_lease", a_queued_capture, {"state": "in_flight"}),
    Crime("what_waits_is_due_some_time", a_queued_capture, {"due_at": None}),
    Crime("what_waits_is_due_some_time", a_queued_capture, {"state": "pending", "due_at": None}),
    Crime("what_waits_is_due_some_time", a_queued_capture, {"state": "unknown", "due_at": None, "doubt_since": LATER}),
    Crime("doubt_has_a_beginning", a_queued_capture, {"state": "unknown"}),
    Crime("doubt_has_a_beginning", a_queued_capture, {"state": "review"}),
    Crime("nobody_confirms_their_own_proposal", a_proposal, {"state": "confirmed"}),
    Crime("what_is_unbooked_has_a_reason", an_external_movement, {"unbooked_reason": ""}),
    Crime("an_external_movement_has_an_amount", an_external_movement, {"amount": -1}),
    Crime("an_order_has_an_amount", lambda: an_authorized().order, {"amount": 0}),
    Crime("a_pause_has_a_reason_and_a_time", factories.an_account, {"paused_at": LATER}),
    Crime("a_pause_has_a_reason_and_a_time", factories.an_account, {"paused_reason": "why"}),
    Crime("what_waits_in_the_inbox_is_due", a_delivery_in_the_inbox, {"due_at": None}),
    Crime("a_waiting_delivery_is_due", a_shop_delivery, {"due_at": None}),
]
INSERTS = [
    *settlement_crimes.INSERTS,
    Crime("a_transaction_is_known_once_per_account", an_authorized, {"capturing": 0}),
    Crime("an_order_is_known_once_per_account", factories.an_order, {"captured": 0}),
    Crime("a_capture_has_an_amount", a_capture_row, {"amount": 0, "refunded": 0, "gateway_id": "other"}),
    Crime("a_capture_is_booked_once", a_capture_row, {"refunded": 0}),
    Crime("a_modification_has_an_amount", a_queued_refund, {"id": uuid.uuid4().hex, "amount": 0}),
    Crime("a_modification_kind_is_known", a_queued_refund, {"id": uuid.uuid4().hex, "kind": "gift"}),
    Crime("a_refund_names_its_capture", a_queued_refund, {"id": uuid.uuid4().hex, "capture_id": None}),
    Crime("a_gateway_reference_is_used_once_per_kind", a_succeeded_refund, {"id": uuid.uuid4().hex}),
    Crime("one_capture_at_a_time", a_queued_capture, {"id": uuid.uuid4().hex}),
    Crime("an_epoch_acts_once", an_attempt, {"purpose": Purpose.SEND.value}),
    Crime("evidence_counts_once", a_piece_of_evidence, {"verdict": "declined"}),
    Crime("an_external_movement_is_stored_once", an_external_movement, {"amount": 2}),
    Crime("a_word_leads_to_an_order_once", a_reference, {"kind": "order"}),
    Crime("a_person_joins_a_merchant_once", a_membership, {}),
    Crime("an_account_is_one_key_at_one_address", factories.an_account, {"name": "another name"}),
    Crime("there_is_one_switch", lambda: Switch.objects.get_or_create(pk=1)[0], {"id": 2}),
    Crime("a_proposal_gives_evidence", a_proposal, {"id": uuid.uuid4().hex, "evidence_text": ""}),
    Crime("one_open_unfreezing", a_proposal, {"id": uuid.uuid4().hex}),
    Crime("one_open_resolution", lambda: a_proposal("resolve"), {"id": uuid.uuid4().hex}),
    Crime("a_refund_plan_has_an_amount", a_refund_plan, {"id": uuid.uuid4().hex, "amount": 0}),
    Crime("a_delivery_is_stored_once", a_delivery_in_the_inbox, {"signed": False}),
    Crime("a_shop_address_is_listed_once", a_shop_endpoint, {"id": uuid.uuid4().hex}),
    Crime("an_announcement_is_made_once", an_announcement, {"id": uuid.uuid4().hex}),
    Crime("an_announcement_goes_to_a_shop_once", a_shop_delivery, {"tries_made": 1}),
    Crime(
        "a_token_name_is_used_once",
        an_api_token,
        {"id": uuid.uuid4().hex, "prefix": "other", "acts_as_id": lambda: factories.a_person().pk},
    ),
    Crime("one_open_resumption", lambda: a_proposal("resume"), {"id": uuid.uuid4().hex}),
]


def _value(given: Any) -> Any:
    return given() if callable(given) else given


def _told(crime: Crime) -> str:
    return f"{crime.name}-{'-'.join(crime.columns)}"


@pytest.mark.parametrize("crime", UPDATES, ids=_told)
def test_an_update_that_breaks_a_promise_is_refused(crime: Crime) -> None:
    row = crime.row()

    with pytest.raises(IntegrityError) as refusal, database_transaction.atomic():
        writing_raw.update(row, **crime.columns)

    _was_refused_by(crime.name, row, refusal.value)


@pytest.mark.parametrize("crime", INSERTS, ids=_told)
def test_an_insert_that_breaks_a_promise_is_refused(crime: Crime) -> None:
    row = crime.row()

    with pytest.raises(IntegrityError) as refusal, database_transaction.atomic():
        writing_raw.copy(row, **{name: _value(given) for name, given in crime.columns.items()})

    _was_refused_by(crime.name, row, refusal.value)


def test_the_author_of_a_proposal_cannot_be_the_one_who_confirms_it() -> None:
    proposal = a_proposal()
    second = factories.a_person()

    with pytest.raises(IntegrityError, match="nobody_confirms"), database_transaction.atomic():
        writing_raw.update(proposal, state="confirmed", decided_by_id=proposal.proposed_by_id)
    writing_raw.update(proposal, state="confirmed", decided_by_id=second.pk)


@pytest.mark.parametrize(
    ("row", "columns"),
    [
        (an_authorized, {"capturing": 10_000}),
        (an_authorized, {"exclusive_modification": uuid.uuid4().hex}),
        (a_half_captured, {"refunding": 4_000}),
        (a_half_captured, {"charged_back": 9_000}),
        (a_capture_row, {"refunding": 4_000}),
        (a_queued_capture, {"state": "review", "doubt_since": LATER, "due_at": None}),
        (a_queued_capture, {"state": "withdrawn", "finished_at": LATER, "due_at": None}),
        (factories.an_account, {"paused_reason": "why", "paused_at": LATER}),
    ],
)
def test_an_update_up_to_the_limit_is_taken(row: Callable[[], Model], columns: dict[str, Any]) -> None:
    writing_raw.update(row(), **columns)


def test_a_second_capture_may_be_asked_for_once_the_first_has_failed() -> None:
    first = a_queued_capture()
    steps.ended(first, steps.declined())

    second = steps.asked(Transaction.objects.get(pk=first.transaction_id))

    assert second.pk != first.pk


def test_every_promise_of_the_models_is_broken_here() -> None:
    promised = {constraint.name for model in apps.get_app_config("orders").get_models() for constraint in _of(model)}

    assert promised == {crime.name for crime in [*UPDATES, *INSERTS]}


def test_the_database_has_every_promise_of_the_models() -> None:
    with connection.cursor() as cursor:
        for model in apps.get_app_config("orders").get_models():
            there = connection.introspection.get_constraints(cursor, model._meta.db_table)
            assert {constraint.name for constraint in _of(model)} <= set(there), model


def _of(model: type[Model]) -> list[Any]:
    return list(model._meta.constraints)


def _was_refused_by(name: str, row: Model, error: IntegrityError) -> None:
    """SQLite tells the columns of a unique promise instead of its name."""
    fields = next((one.fields for one in _of(type(row)) if one.name == name and hasattr(one, "fields")), ())
    columns = {field.name: field.column for field in row._meta.concrete_fields}
    by_columns = ", ".join(f"{row._meta.db_table}.{columns[field]}" for field in fields) or name
    assert name in str(error) or str(error) == f"UNIQUE constraint failed: {by_columns}"


def test_a_paused_account_knows_that_it_is_paused() -> None:
    account = factories.an_account()
    assert not account.paused

    GatewayAccount.objects.filter(pk=account.pk).update(paused_at=timezone.now(), paused_reason="why")

    account.refresh_from_db()
    assert account.paused
