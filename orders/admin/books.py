"""The books: orders, transactions, modifications and what proves them. Read only; the actions are the pages' verbs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin

from orders.admin import actions
from orders.admin.scope import FoundByReference, ReadOnly
from orders.gateways.transcripts import last_four
from orders.models import (
    Attempt,
    Capture,
    Evidence,
    ExternalMovement,
    Modification,
    Order,
    OrderLine,
    Proposal,
    RefundPlan,
    Transaction,
)
from orders.money import Money

_FIND = ("pk",)  # shows the search box; FoundByReference does the finding

if TYPE_CHECKING:
    Lines = admin.TabularInline[OrderLine, Order]
else:
    Lines = admin.TabularInline


class OrderLineInline(Lines):
    model = OrderLine
    fields = readonly_fields = ("name", "quantity", "unit_amount")
    extra = 0
    can_delete = False

    def has_add_permission(self, *_: object) -> bool:
        return False

    def has_change_permission(self, *_: object) -> bool:
        return False

    def has_view_permission(self, *_: object) -> bool:
        return True


@admin.register(Order)
class OrderAdmin(FoundByReference, ReadOnly):
    order_path = "pk"
    search_fields = _FIND
    list_display = ("reference", "merchant", "account", "state", "total", "customer_name", "placed_at", "attention")
    list_filter = ("state", "attention", "in_flight")
    list_select_related = ("merchant", "account")
    ordering = ("-placed_at", "-id")
    inlines = [OrderLineInline]

    @admin.display(description="amount")
    def total(self, order: Order) -> str:
        return str(Money(order.amount, order.currency))


@admin.register(Transaction)
class TransactionAdmin(FoundByReference, ReadOnly):
    search_fields = _FIND
    list_display = (
        "reference",
        "order",
        "account",
        "state",
        "authorized",
        "captured",
        "refunded",
        "currency",
        "frozen",
    )
    list_filter = ("state",)
    list_select_related = ("order", "account")
    ordering = ("-id",)
    actions = [
        actions.capture_transaction,
        actions.cancel_transaction,
        actions.reverse_transaction,
        actions.void_transaction,
        actions.refund_transaction,
        actions.refresh_transactions,
        actions.propose_unfreezing_transaction,
    ]

    @admin.display(boolean=True)
    def frozen(self, transaction: Transaction) -> bool:
        return transaction.frozen


@admin.register(Capture)
class CaptureAdmin(FoundByReference, ReadOnly):
    merchant_path = "transaction__merchant"
    order_path = "transaction__order"
    search_fields = _FIND
    list_display = ("id", "transaction", "gateway_id", "amount", "refunded", "refunding", "captured_at")
    list_select_related = ("transaction",)
    ordering = ("-id",)


@admin.register(Modification)
class ModificationAdmin(FoundByReference, ReadOnly):
    order_path = "transaction__order"
    search_fields = _FIND
    exclude = ("body",)
    shown_also = ("request_body",)
    list_display = ("id", "transaction", "kind", "money", "state", "requested_by", "requested_at", "finished_at")
    list_filter = ("state", "kind")
    list_select_related = ("transaction", "requested_by")
    ordering = ("-requested_at",)
    actions = [actions.withdraw_modifications, actions.ask_about_modifications]

    @admin.display(description="amount")
    def money(self, modification: Modification) -> str:
        return str(Money(modification.amount, modification.currency))

    @admin.display(description="request body")
    def request_body(self, modification: Modification) -> str:
        key = modification.account.merchant_key
        return bytes(modification.body).decode("utf-8", "replace").replace(key, last_four(key))


@admin.register(RefundPlan)
class RefundPlanAdmin(FoundByReference, ReadOnly):
    order_path = "transaction__order"
    search_fields = _FIND
    list_display = ("id", "transaction", "amount", "currency", "requested_by", "requested_at")
    list_select_related = ("transaction", "requested_by")
    ordering = ("-requested_at",)


@admin.register(Attempt)
class AttemptAdmin(FoundByReference, ReadOnly):
    merchant_path = "modification__merchant"
    order_path = "modification__transaction__order"
    search_fields = _FIND
    list_display = ("id", "modification", "purpose", "epoch", "verdict", "http_status", "started_at", "duration_ms")
    list_filter = ("purpose", "verdict")
    list_select_related = ("modification",)
    ordering = ("-id",)


@admin.register(Evidence)
class EvidenceAdmin(FoundByReference, ReadOnly):
    merchant_path = "modification__merchant"
    order_path = "modification__transaction__order"
    search_fields = _FIND
    list_display = ("id", "modification", "source", "verdict", "amount", "currency", "applied", "received_at")
    list_filter = ("source", "verdict")
    list_select_related = ("modification",)
    ordering = ("-id",)


@admin.register(ExternalMovement)
class ExternalMovementAdmin(FoundByReference, ReadOnly):
    merchant_path = "transaction__merchant"
    order_path = "transaction__order"
    search_fields = _FIND
    list_display = ("id", "transaction", "kind", "amount", "currency", "booked", "unbooked_reason", "seen_at")
    list_filter = ("booked", "kind")
    list_select_related = ("transaction",)
    ordering = ("-id",)


@admin.register(Proposal)
class ProposalAdmin(ReadOnly):
    list_display = ("id", "subject", "state", "proposed_by", "proposed_at", "decided_by", "decided_at")
    list_filter = ("state", "subject")
    list_select_related = ("proposed_by", "decided_by")
    ordering = ("-proposed_at",)
