"""GET /capabilities: what each of the merchant's gateway accounts can do."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from orders.api.entrance import for_scopes, token_in
from orders.api.finding import accounts_of
from orders.api.words import Told
from orders.gateways.base import Capability, Kind
from orders.models import GatewayAccount
from orders.modifications.situation import capability_of

router = Router(tags=["Capabilities"])


class CapabilityTold(Told):
    """What the rules know of an account; durations in seconds. The capabilities page says it in sentences."""

    kinds: list[Kind]
    partial_capture: bool
    multiple_capture: bool
    partial_refund: bool
    releases_remainder: bool
    remainder_choice: bool
    cancels_after_capture: bool
    refunds_captures: bool
    authorization_days: int
    auto_capture: bool
    void_seconds: int
    replays: bool
    replays_errors: bool
    replay_window_seconds: int
    finds_by_modification_id: bool
    late_processing_seconds: int
    never_resent: list[Kind]
    quarantine_seconds: int
    reads: bool = Field(description="Whether the gateway shows a transaction when asked.")
    lists: bool
    asynchronous: bool
    methods_without_capture: list[str]
    currencies: list[str] = Field(description="Empty: any.")
    decimals_maximum: int
    amount_format: str
    description_maximum: int
    shows_description: bool
    deadline_seconds: int
    query_key: str
    webhook_trust: str
    instalments: int


class AccountTold(Told):
    """One gateway account."""

    name: str = Field(description="What orders are addressed by.")
    gateway: str
    paused: bool = Field(description="Whether what is asked for waits until people let it go on.")
    capability: CapabilityTold


class AccountList(Told):
    """The merchant's accounts."""

    accounts: list[AccountTold]


@router.get("", **for_scopes("orders:read"), response=AccountList, summary="List accounts and what they can do")
def list_capabilities(request: HttpRequest) -> AccountList:
    """What each account can do, with its own overrides: a form that is never refused starts here."""
    accounts = accounts_of(token_in(request)).order_by("name")
    return AccountList(accounts=[_account_told(account) for account in accounts])


def _account_told(account: GatewayAccount) -> AccountTold:
    return AccountTold(
        name=account.name,
        gateway=account.gateway,
        paused=account.paused,
        capability=CapabilityTold(**_plain(capability_of(account))),
    )


def _plain(capability: Capability) -> dict[str, Any]:
    """Sets become sorted lists."""
    named = {name: getattr(capability, name) for name in CapabilityTold.model_fields}
    return {name: sorted(value) if isinstance(value, frozenset) else value for name, value in named.items()}
