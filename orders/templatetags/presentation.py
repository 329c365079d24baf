"""How facts look: amounts, times, states as a word and a tone; long lists are prepared with the same functions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.numbers import get_currency_symbol
from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orders.gateways.registry import gateway_choices
from orders.models import ModificationState, OrderState, ProposalState
from orders.money import Money, exponent_of
from orders.sentences import full_stop

register = template.Library()
register.filter(full_stop)

TONES = ("quiet", "busy", "good", "careful", "bad")
LOCALE = "en"

ORDER_TONES = {
    OrderState.PENDING_AUTHORIZATION: "busy",
    OrderState.AUTHORIZED: "busy",
    OrderState.CAPTURE_PENDING: "busy",
    OrderState.PARTLY_CAPTURED: "good",
    OrderState.CAPTURED: "good",
    OrderState.SETTLED: "good",
    OrderState.PARTLY_REFUNDED: "careful",
    OrderState.REFUNDED: "careful",
    OrderState.CANCEL_PENDING: "busy",
    OrderState.CANCELLED: "quiet",
    OrderState.EXPIRED: "quiet",
    OrderState.CHARGEBACK: "bad",
    OrderState.FAILED: "bad",
    OrderState.UNRECOGNISED: "careful",
}
MODIFICATION_TONES = {
    ModificationState.QUEUED: "busy",
    ModificationState.IN_FLIGHT: "busy",
    ModificationState.PENDING: "busy",
    ModificationState.UNKNOWN: "careful",
    ModificationState.REVIEW: "careful",
    ModificationState.SUCCEEDED: "good",
    ModificationState.FAILED: "bad",
    ModificationState.WITHDRAWN: "quiet",
}
PROPOSAL_TONES = {
    ProposalState.OPEN: "careful",
    ProposalState.CONFIRMED: "good",
    ProposalState.REJECTED: "quiet",
    ProposalState.VOID: "quiet",
}
KIND_WORDS = {
    "capture": "Capture",
    "cancel": "Cancellation",
    "cancel_or_refund": "Cancel or refund",
    "void": "Void",
    "refund": "Refund",
    "authorize": "New payment",
}
MOVING = frozenset({"capture_pending", "cancel_pending", "in_flight", "queued"})


def money_text(amount_minor: int, currency: str) -> str:
    """`€1,250.00` from 125000 EUR: sign, symbol, grouped digits, the currency's own decimals; nothing is rounded."""
    amount = Money(abs(amount_minor), currency).decimal
    sign = "−" if amount_minor < 0 else ""
    return f"{sign}{_symbol(currency)}{amount:,.{exponent_of(currency)}f}"


def moment_text(at: datetime, zone: str = "UTC") -> str:
    """`20 Nov, 12:04` in the zone; with the year when it is not this year's."""
    local = at.astimezone(_zone(zone))
    year = "" if local.year == timezone.now().astimezone(_zone(zone)).year else f" {local.year}"
    return f"{local.day} {local:%b}{year}, {local:%H:%M}"


def clock_text(at: datetime, zone: str = "UTC") -> str:
    """`12:04:31` in the zone: for what is seconds away."""
    return f"{at.astimezone(_zone(zone)):%H:%M:%S}"


def span_text(span: timedelta) -> str:
    """The length in its largest unit: `45 s`, `12 min`, `3 h`, `5 days`."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 2 * 86400:
        return f"{seconds // 3600} h"
    return f"{seconds // 86400} days"


def order_tone(state: str) -> str:
    """The tone of an order's or a transaction's state; an unknown word asks for care."""
    return ORDER_TONES.get(OrderState(state), "careful") if state in OrderState.values else "careful"


def order_word(state: str) -> str:
    """The word for an order's or a transaction's state."""
    return str(OrderState(state).label) if state in OrderState.values else state.replace("_", " ").capitalize()


@register.filter
def money(value: object, currency: str = "") -> str:
    """`{{ amount|money:currency }}` for minor units, `{{ money|money }}` for a Money; nothing for nothing."""
    if isinstance(value, Money):
        return money_text(value.amount_minor, value.currency)
    return money_text(value, currency) if isinstance(value, int) else ""


@register.simple_tag
def badge(tone: str, word: str, live: bool = False) -> SafeString:
    """A state as word and tone: `{% badge "good" "Captured" %}`; live ones pulse."""
    return format_html('<span class="badge" data-tone="{}"{}>{}</span>', tone, _live(live), word)


@register.simple_tag
def order_badge(state: str) -> SafeString:
    """The state of an order or a transaction."""
    return badge(order_tone(state), order_word(state), state in MOVING)


@register.simple_tag
def modification_badge(state: str) -> SafeString:
    """The state of a modification."""
    known = ModificationState(state)
    return badge(MODIFICATION_TONES[known], str(known.label), known in {"queued", "in_flight", "pending"})


@register.simple_tag
def proposal_badge(state: str) -> SafeString:
    """The state of a proposal."""
    known = ProposalState(state)
    return badge(PROPOSAL_TONES[known], str(known.label))


@register.filter
def movement_source(source: str) -> str:
    """By which channel a movement that is not ours came to be known, after “seen …”."""
    if source == "webhook":
        return "in a webhook of the gateway"
    return "when the gateway was read" if source in ("worker", "gateway") else "when somebody had the gateway read"


@register.filter
def gateway_title(name: str) -> str:
    """What people call the gateway with this name."""
    return dict(gateway_choices()).get(name, name)


@register.filter
def deal_word(type_code: str) -> str:
    """What a 3RI deal is for."""
    return {"3RIPSS": "split shipment", "3RIDS": "delayed shipment"}.get(type_code, type_code)


@register.filter
def tone_of_modification(state: str) -> str:
    """The tone for `data-tone` where no badge stands."""
    return MODIFICATION_TONES[ModificationState(state)]


@register.filter
def tone_of_order(state: str) -> str:
    """The tone for `data-tone` where no badge stands."""
    return order_tone(state)


@register.filter
def kind_word(kind: str) -> str:
    """`Refund` for `refund`: the noun people use."""
    return KIND_WORDS.get(kind, kind.replace("_", " ").capitalize())


@register.simple_tag
def moment(at: datetime | None, zone: str = "UTC") -> SafeString | str:
    """A time in the merchant's zone, with UTC on hover: `{% moment order.placed_at order.merchant.time_zone %}`."""
    if at is None:
        return "—"
    utc = at.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        f"{utc:%Y-%m-%dT%H:%M:%SZ}",
        f"{utc:%Y-%m-%d %H:%M:%S} UTC",
        moment_text(at, zone),
    )


@register.filter
def ago(at: datetime | None) -> str:
    """`12 min ago`; `in 3 h` for a time to come."""
    if at is None:
        return "never"
    distance = timezone.now() - at
    return f"in {span_text(-distance)}" if distance < timedelta(0) else f"{span_text(distance)} ago"


@register.simple_tag
def copy_button(text: str, what: str) -> SafeString:
    """A button that copies the text; hidden where no script runs. `what` names it for screen readers."""
    return format_html(
        '<button type="button" class="copy" data-copy="{}" title="Copy {}"><span class="sr">Copy {}</span>'
        '<svg width="16" height="16" viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.25"'
        ' aria-hidden="true"><rect x="5.5" y="5.5" width="8" height="8" rx="1.5"/>'
        '<path d="M10.5 3.5v-1h-8v8h1"/></svg></button>',
        text,
        what,
        what,
    )


@lru_cache(maxsize=256)
def _symbol(currency: str) -> str:
    """`€`, `US$`-like symbols as they are, letter codes with a space that does not break."""
    symbol = get_currency_symbol(currency, locale=LOCALE)
    return f"{symbol}\N{NO-BREAK SPACE}" if symbol[-1].isalpha() else symbol


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def _live(live: bool) -> SafeString:
    return format_html(" {}", "data-live") if live else SafeString("")
