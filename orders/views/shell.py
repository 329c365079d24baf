"""What stands around every page: the person's merchants, the health of their gateway accounts, the theme."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import IntegerField, QuerySet, Subquery
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from orders.models import (
    FINISHED,
    Discrepancy,
    InboxDelivery,
    InboxState,
    Merchant,
    Modification,
    Order,
    Proposal,
    ProposalState,
    Switch,
)
from orders.modifications.pause import STARTED_PAUSED
from orders.permissions import permissions_anywhere, remember_merchants

THEME_COOKIE = "theme"
THEMES = ("light", "dark")
COUNTED_TO = 99


@dataclass(frozen=True)
class MerchantChoice:
    """A merchant of the person, with the zone in which its times are shown."""

    id: int
    name: str
    time_zone: str


@dataclass(frozen=True)
class AccountChoice:
    """A gateway account of the person's merchants; `reason`: why it is paused; `troubled`: its breaker is open."""

    id: int
    name: str
    merchant_id: int
    reason: str
    troubled: bool


@dataclass(frozen=True)
class Health:
    """One word about all accounts together."""

    tone: str
    word: str


class CappedCount(Subquery):
    """How many rows a sliced query finds: the slice bounds the work, so a counter never grows with the table."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS capped)"
    output_field = IntegerField()


@dataclass(frozen=True)
class Shell:
    """Read once for a page, in one query. The counters stop at COUNTED_TO."""

    merchants: tuple[MerchantChoice, ...] = ()
    accounts: tuple[AccountChoice, ...] = ()
    stopped_reason: str = ""
    attention: str = ""
    open_modifications: str = ""
    open_proposals: str = ""
    unmatched_webhooks: str = ""
    unsettled_discrepancies: str = ""

    @property
    def paused_accounts(self) -> tuple[AccountChoice, ...]:
        """Accounts on which nothing is sent until two people resume them."""
        return tuple(account for account in self.accounts if account.reason)

    @property
    def health(self) -> Health:
        """The badge of the top bar."""
        if self.stopped_reason:
            return Health("bad", "All sending paused")
        if paused := len(self.paused_accounts):
            return Health("careful", f"{paused} account{'s' if paused > 1 else ''} paused")
        if any(account.troubled for account in self.accounts):
            return Health("careful", "Gateway not answering")
        if not self.accounts:
            return Health("quiet", "No gateway account")
        return Health("good", "Gateway operational")


def shell_of(person: User | AnonymousUser) -> Shell:
    """The merchants, accounts and pauses a person works under."""
    rows = list(
        Merchant.objects.of(person)
        .order_by("name", "accounts__name")
        .values_list(
            "id",
            "name",
            "time_zone",
            "accounts__id",
            "accounts__name",
            "accounts__paused_reason",
            "accounts__breaker_until",
            Subquery(Switch.objects.values("paused_reason")[:1]),
            _count(Order.objects.of(person).filter(attention=True)),
            _count(Modification.objects.of(person).exclude(state__in=sorted(FINISHED))),
            _count(Proposal.objects.filter(merchant__in=Merchant.objects.of(person), state=ProposalState.OPEN.value)),
            _count(InboxDelivery.objects.of(person).filter(state=InboxState.UNMATCHED.value)),
            _count(Discrepancy.objects.of(person).unsettled()),
        )
    )
    now = timezone.now()
    merchants = {row[0]: MerchantChoice(*row[:3]) for row in rows}
    accounts = [
        AccountChoice(row[3], row[4], row[0], row[5], row[6] is not None and row[6] > now)
        for row in rows
        if row[3] is not None
    ]
    if not rows:
        return Shell()
    switched_off, *counts = rows[0][7:]
    stopped_reason = STARTED_PAUSED if settings.PAUSE_SUBMITS else switched_off or ""
    return Shell(tuple(merchants.values()), tuple(accounts), stopped_reason, *map(_counter, counts))


def shell(request: HttpRequest) -> dict[str, Any]:
    """The context processor: all but the theme is read when a template first asks for it."""
    theme = request.COOKIES.get(THEME_COOKIE, "")
    return {
        "shell": SimpleLazyObject(_reader(request)),
        "theme": theme if theme in THEMES else "",
        "may_configure": SimpleLazyObject(lambda: "configure" in permissions_anywhere(request.user)),
        "may_ask_for_payments": SimpleLazyObject(lambda: "authorize" in permissions_anywhere(request.user)),
    }


def shell_for(request: HttpRequest) -> Shell:
    """The request's shell; views and templates of one request share it."""
    if not hasattr(request, "_shell"):
        request._shell = shell_of(request.user)  # type: ignore[attr-defined]
        if request.user.is_authenticated:
            remember_merchants(request.user, [merchant.id for merchant in request._shell.merchants])  # type: ignore[attr-defined]
    found: Shell = request._shell  # type: ignore[attr-defined]
    return found


def _count(rows: QuerySet[Any]) -> CappedCount:
    return CappedCount(rows.order_by().values("pk")[: COUNTED_TO + 1])


def _counter(count: int) -> str:
    """Nothing for zero; `99+` where counting stopped."""
    return f"{COUNTED_TO}+" if count > COUNTED_TO else str(count or "")


def _reader(request: HttpRequest) -> Callable[[], Shell]:
    return lambda: shell_for(request)
