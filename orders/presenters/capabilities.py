"""What every gateway can do, as the code declares it, with the vendor's statement beside each property."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth.models import User

from orders.gateways.base import CannotSay, Capability, Kind
from orders.gateways.capability_words import SAID, TITLES, Said
from orders.gateways.registry import GATEWAYS
from orders.models import GatewayAccount, Merchant
from orders.modifications.terms import VERBS

_TRUST = {"signed": "signed: they may settle a modification", "hint": "a hint: each one makes us read the gateway"}
_DAY, _HOUR, _MINUTE = 86_400, 3_600, 60


@dataclass(frozen=True, kw_only=True)
class Property:
    """One row: what the property is called, its value at this gateway, and why."""

    field: str
    title: str
    value: str
    said: Said


@dataclass(frozen=True, kw_only=True)
class Override:
    """Where an account says otherwise than its gateway."""

    title: str
    gateways: str
    accounts: str


@dataclass(frozen=True, kw_only=True)
class AccountLine:
    """One account with what it overrides; `problem` when its profile cannot be read."""

    account: GatewayAccount
    overrides: tuple[Override, ...]
    problem: str


@dataclass(frozen=True, kw_only=True)
class GatewayTable:
    """Everything one gateway declares, and the person's accounts there."""

    name: str
    title: str
    properties: tuple[Property, ...]
    accounts: tuple[AccountLine, ...]


def gateway_tables(person: User) -> tuple[GatewayTable, ...]:
    """Every gateway of the registry, with the accounts of the person's merchants; one query."""
    accounts = GatewayAccount.objects.filter(merchant__in=Merchant.objects.of(person)).select_related("merchant")
    rows = list(accounts.order_by("merchant__name", "name"))
    return tuple(_table(name, [row for row in rows if row.gateway == name]) for name in GATEWAYS)


def value_text(capability: Capability, field: str) -> str:
    """The value of a property in words."""
    value = getattr(capability, field)
    if field in ("kinds", "never_resent"):
        return ", ".join(VERBS[kind] for kind in Kind if kind in value) or "none"
    if isinstance(value, frozenset):
        return ", ".join(sorted(value)) or ("any" if field == "currencies" else "none")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if field.endswith("_seconds"):
        return _span(value)
    if field == "authorization_days":
        return f"{value} days"
    if field == "instalments":
        return f"{value} monthly parts" if value else "none"
    return _TRUST.get(value, value) if field == "webhook_trust" else str(value) or "none"


def _table(name: str, accounts: Iterable[GatewayAccount]) -> GatewayTable:
    gateway = GATEWAYS[name]
    declared = gateway.capability({})
    return GatewayTable(
        name=name,
        title=gateway.title,
        properties=tuple(
            Property(field=field, title=title, value=value_text(declared, field), said=SAID[name][field])
            for field, title in TITLES.items()
        ),
        accounts=tuple(_line(account, declared) for account in accounts),
    )


def _line(account: GatewayAccount, declared: Capability) -> AccountLine:
    try:
        own = GATEWAYS[account.gateway].capability(account.profile_overrides())
    except CannotSay as problem:
        return AccountLine(account=account, overrides=(), problem=str(problem))
    changed = [field for field in TITLES if getattr(own, field) != getattr(declared, field)]
    overrides = tuple(
        Override(title=TITLES[field], gateways=value_text(declared, field), accounts=value_text(own, field))
        for field in changed
    )
    return AccountLine(account=account, overrides=overrides, problem="")


def _span(seconds: int) -> str:
    """The length in the largest unit that says it exactly; 5.5 hours are 330 min."""
    for unit, word in ((_DAY, "days"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds and seconds % unit == 0:
            return f"{seconds // unit} {'day' if unit == _DAY and seconds == _DAY else word}"
    return f"{seconds} s" if seconds else "not at all"
