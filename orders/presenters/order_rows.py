"""Rows of the orders list, ready to print: everything is formatted here, because template nodes cost more than SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone
from django.utils.html import format_html

from orders.models import Order, Transaction
from orders.order_filters import EXPIRING_WITHIN
from orders.templatetags.presentation import badge, moment_text, money_text, order_tone, order_word, span_text

BAR_LENGTH = 100
_MOVING = frozenset({"capture_pending", "cancel_pending"})
COLUMNS = (
    *("id", "merchant_id", "account_id", "reference", "currency", "amount", "customer_name", "customer_email"),
    *("placed_at", "state", "captured", "refunded", "in_flight", "attention", "expires_at"),
)


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One line; amounts and times are text, bar lengths whole units of BAR_LENGTH."""

    href: str
    reference: str
    name: str
    email: str
    badge: str
    method: str
    account: str
    placed: str
    placed_utc: str
    beside_time: str
    beside_tone: str
    captured: str
    refunded: str
    captured_length: int
    refunded_from: int
    refunded_length: int
    amount: str


def with_method(orders: QuerySet[Order]) -> QuerySet[Order]:
    """Only the columns a row needs, and the payment method of the order's first transaction."""
    first = Transaction.objects.filter(order=OuterRef("pk")).order_by("pk").values("payment_method")[:1]
    return orders.only(*COLUMNS).annotate(method=Subquery(first))


def order_rows(
    orders: Iterable[Order], *, base: str, zones: Mapping[int, str], accounts: Mapping[int, str]
) -> list[OrderRow]:
    """The rows for these orders; `zones` by merchant id, `accounts` names by id, `base` the list's own address."""
    now = timezone.now()
    return [_row(order, base, zones.get(order.merchant_id, "UTC"), accounts, now) for order in orders]


def _row(order: Order, base: str, zone: str, accounts: Mapping[int, str], now: datetime) -> OrderRow:
    beside_time, beside_tone = _beside_time(order, now)
    captured_length, refunded_length = _length(order.captured, order.amount), _length(order.refunded, order.amount)
    return OrderRow(
        href=f"{base}{order.pk}/",
        reference=order.reference,
        name=order.customer_name,
        email=order.customer_email,
        badge=_badge(order.state, order.in_flight or order.state in _MOVING, order.attention),
        method=getattr(order, "method", None) or "",
        account=accounts.get(order.account_id, ""),
        placed=moment_text(order.placed_at, zone),
        placed_utc=f"{order.placed_at:%Y-%m-%dT%H:%M:%SZ}",
        beside_time=beside_time,
        beside_tone=beside_tone,
        captured=money_text(order.captured, order.currency) if order.captured else "",
        refunded=money_text(order.refunded, order.currency) if order.refunded else "",
        captured_length=captured_length,
        refunded_from=max(0, captured_length - refunded_length),
        refunded_length=refunded_length,
        amount=money_text(order.amount, order.currency),
    )


@lru_cache(maxsize=256)
def _badge(state: str, moving: bool, attention: bool) -> str:
    """The state as word and tone; an order that needs a person says so too."""
    shown = badge(order_tone(state), order_word(state), moving)
    return format_html("{} {}", shown, badge("bad", "Attention")) if attention else shown


def _beside_time(order: Order, now: datetime) -> tuple[str, str]:
    """When an authorization ends soon, that; otherwise how long ago the order was placed."""
    if order.expires_at is None:
        return f"{span_text(now - order.placed_at)} ago", ""
    left = order.expires_at - now
    if left <= timedelta(0):
        return "authorization expired", "bad"
    tone = "bad" if left <= timedelta(hours=4) else "careful" if left <= EXPIRING_WITHIN else ""
    return f"expires in {span_text(left)}", tone


def _length(part: int, whole: int) -> int:
    """At least one unit for anything above zero, never more than the bar."""
    return min(BAR_LENGTH, max(1, part * BAR_LENGTH // whole)) if part > 0 else 0
