"""Promises the database keeps whatever the code does: frozen columns, finished rows, history that is only added to.

One list for both vendors. `post_migrate` re-creates it: SQLite drops triggers when a migration rebuilds a table.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db import connections

from orders.models.settlement_triggers import SETTLEMENT
from orders.models.trigger import Trigger, no_delete, no_update

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

_FINISHED = "('succeeded', 'failed', 'withdrawn')"


TRIGGERS: tuple[Trigger, ...] = (
    Trigger(
        "modification_request_is_frozen",
        "orders_modification",
        "UPDATE",
        "orders_modification: what was asked for never changes",
        columns=(
            *("id", "merchant_id", "account_id", "transaction_id", "capture_id", "kind", "amount", "currency"),
            *("reason", "description", "custom_references", "requested_by_id", "requested_at", "source"),
            *("release_rest", "customer_may_see", "plan_id"),
            *("expected_version", "method", "base_url", "path", "headers", "body", "body_sha256", "contract_version"),
        ),
    ),
    Trigger(
        "modification_end_is_final",
        "orders_modification",
        "UPDATE",
        "orders_modification: a finished modification never changes",
        condition=f'OLD."state" IN {_FINISHED}',
    ),
    Trigger(
        "modification_epoch_only_grows",
        "orders_modification",
        "UPDATE",
        "orders_modification: the epoch never falls",
        condition='NEW."epoch" < OLD."epoch"',
    ),
    Trigger(
        "attempt_is_completed_once",
        "orders_attempt",
        "UPDATE",
        "orders_attempt: a completed attempt never changes",
        condition='OLD."finished_at" IS NOT NULL',
    ),
    Trigger(
        "attempt_start_is_frozen",
        "orders_attempt",
        "UPDATE",
        "orders_attempt: what was attempted never changes",
        columns=("id", "modification_id", "epoch", "purpose", "started_at", "worker"),
    ),
    Trigger(
        "account_address_is_frozen",
        "orders_gatewayaccount",
        "UPDATE",
        "orders_gatewayaccount: another address or key is another account",
        columns=("merchant_id", "gateway", "base_url", "merchant_key"),
    ),
    Trigger(
        "transaction_identity_is_frozen",
        "orders_transaction",
        "UPDATE",
        "orders_transaction: a transaction never changes its identity",
        columns=("merchant_id", "account_id", "order_id", "currency"),
    ),
    Trigger(
        "transaction_card_is_given_once",
        "orders_transaction",
        "UPDATE",
        "orders_transaction: a card record once known never changes",
        condition="""OLD."card_reference" <> NEW."card_reference" AND OLD."card_reference" <> ''""",
    ),
    Trigger(
        "transaction_name_is_given_once",
        "orders_transaction",
        "UPDATE",
        "orders_transaction: a reference of the gateway never changes",
        condition="""OLD."reference" <> NEW."reference" AND OLD."reference" NOT LIKE 'new:%'""",
    ),
    Trigger(
        "capture_fact_is_frozen",
        "orders_capture",
        "UPDATE",
        "orders_capture: what was captured never changes",
        columns=("transaction_id", "modification_id", "amount"),
    ),
    Trigger(
        "proposal_content_is_frozen",
        "orders_proposal",
        "UPDATE",
        "orders_proposal: what was proposed never changes",
        columns=(
            *("subject", "modification_id", "transaction_id", "account_id", "verdict", "amount"),
            *("gateway_reference", "executed_kind", "evidence_text", "fingerprint", "proposed_by_id", "proposed_at"),
        ),
    ),
    Trigger(
        "proposal_decision_is_final",
        "orders_proposal",
        "UPDATE",
        "orders_proposal: a decision is final",
        condition="OLD.\"state\" <> 'open'",
    ),
    Trigger(
        "inbox_delivery_is_frozen",
        "orders_inboxdelivery",
        "UPDATE",
        "orders_inboxdelivery: what was received never changes",
        columns=("merchant_id", "account_id", "key", "signed", "headers", "body", "received_at"),
    ),
    Trigger(
        "announcement_is_frozen",
        "orders_announcement",
        "UPDATE",
        "orders_announcement: what was announced never changes",
        columns=("id", "merchant_id", "type", "key", "order_id", "transaction_id", "modification_id", "content", "at"),
    ),
    no_update("orders_refundplan"),
    no_update("orders_evidence"),
    no_update("orders_event"),
    no_update("orders_eventseal"),
    *(
        no_delete(table)
        for table in (
            "orders_order",
            "orders_transaction",
            "orders_capture",
            "orders_modification",
            "orders_attempt",
            "orders_evidence",
            "orders_externalmovement",
            "orders_event",
            "orders_eventseal",
            "orders_proposal",
            "orders_refundplan",
            "orders_inboxdelivery",
            "orders_announcement",
        )
    ),
    *SETTLEMENT,
)


def install(*, using: str, **_: Any) -> None:
    """Create every trigger anew; the receiver of `post_migrate`."""
    connection = connections[using]
    tables = set(connection.introspection.table_names())
    for trigger in TRIGGERS:
        if trigger.table in tables:
            _run(connection, [trigger.drop(connection.vendor), *trigger.create(connection.vendor)])


def lift(connection: BaseDatabaseWrapper, *, event: str) -> None:
    """Drop the triggers of one event; only the tests' flush may do this, and installs them again."""
    _run(connection, [trigger.drop(connection.vendor) for trigger in TRIGGERS if trigger.event == event])


def installed(connection: BaseDatabaseWrapper) -> set[str]:
    """The names of the triggers the database really has."""
    query = (
        "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
        if connection.vendor == "postgresql"
        else "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        return {name for (name,) in cursor.fetchall()}


def _run(connection: BaseDatabaseWrapper, statements: Iterable[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
