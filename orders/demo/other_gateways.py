"""The demo at gateways B and C: accounts with their webhooks wired, and orders that come in by themselves.

Gateway B gives a new test key orders in every state; they are collected from its list. Gateway C cannot be asked: the
shop's word brings the orders, and its signed webhooks tell what became of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings

from orders.database import database_now
from orders.demo.cast import ACCOUNTS, CARDS, INSTALMENTS, AccountRole, account_of
from orders.demo.sandbox_orders import call, introduce
from orders.mirror.collecting import collect_account
from orders.mirror.ingest import LineRow, OrderRow, TransactionRow, ingest_order
from orders.models import GatewayAccount, Source


@dataclass(frozen=True, kw_only=True)
class CardOrder:
    """One order paid by card: how it stands at gateway C. `amount` and what moved in pence."""

    reference: str
    name: str
    article: str
    amount: int
    hours: int
    history: tuple[tuple[str, int, int], ...] = ()
    """(action, amount, hours ago)."""


CARD_ORDERS = (
    CardOrder(reference="NC-5001", name="Ada Thorne", article="Trail tent", amount=24_900, hours=3),
    CardOrder(reference="NC-5002", name="Ben Achterberg", article="Rope, 60 m", amount=8_950, hours=20),
    CardOrder(reference="NC-5003", name="Chloé Martin", article="Sleeping bag", amount=17_500, hours=150),
    CardOrder(
        reference="NC-5004",
        name="Dev Patel",
        article="Two mats",
        amount=6_400,
        hours=60,
        history=(("release", 6_400, 50),),
    ),
    CardOrder(
        reference="NC-5005",
        name="Elin Åkesson",
        article="Stove",
        amount=11_000,
        hours=9,
        history=(("release", 11_000, 2),),
    ),
    CardOrder(
        reference="NC-5006",
        name="Finn O’Hara",
        article="Boots and socks",
        amount=19_990,
        hours=100,
        history=(("release", 15_000, 90), ("refund", 4_000, 20)),
    ),
    CardOrder(
        reference="NC-5007", name="Gita Rao", article="Lantern", amount=3_500, hours=30, history=(("cancel", 0, 28),)
    ),
)


def put_on_stage(url: str) -> None:
    """Make both accounts, wire the webhooks of all three gateways, and let the orders come in. Raises SandboxAway."""
    for role in ACCOUNTS:
        _wire(url, role, GatewayAccount.objects.get(name=role.name))
    instalments, cards = (_account(url, role) for role in (INSTALMENTS, CARDS))
    # The first call with a new key is what makes the gateway give it orders; only then are webhooks asked for.
    collect_account(instalments, source=Source.COMMAND)
    _wire(url, INSTALMENTS, instalments)
    _wire(url, CARDS, cards)
    _bring_card_orders(url, cards, CARD_ORDERS)


def _account(url: str, role: AccountRole) -> GatewayAccount:
    account = account_of(role, f"{url}{role.path}")
    if role.gateway == "smarterpay":
        account.data_url = account.base_url
        introduce(url, role)
    account.seal_webhook_secret(role.webhook_secret, overlap_until=None)
    account.save()
    return account


def _wire(url: str, role: AccountRole, account: GatewayAccount) -> None:
    """Tell the gateway where its webhooks go, as its portal or support would."""
    address = f"{settings.PUBLIC_URL.rstrip('/')}/webhooks/{account.webhook_token}/"
    call(
        url,
        "webhook",
        {
            "gateway": role.gateway,
            "merchantKey": role.sandbox_key,
            "url": address,
            "secret": role.webhook_secret or None,
        },
    )


def _bring_card_orders(url: str, account: GatewayAccount, orders: Sequence[CardOrder]) -> None:
    """The shop's word first, so that the orders stand there with their names; then what its gateway tells."""
    now = database_now()
    for number, one in enumerate(orders, start=1):
        card, payment = f"CD01DEMONORDLICHT{number:03}", f"P01DEMONORDLICHT{number:03}"
        row = OrderRow(
            reference=one.reference,
            currency="GBP",
            amount=one.amount,
            customer_name=one.name,
            customer_email=f"{one.reference.lower()}@example.com",
            placed_at=now - timedelta(hours=one.hours),
            lines=(LineRow(name=one.article, quantity=1, unit_amount=one.amount),),
            transactions=(
                TransactionRow(
                    reference=payment,
                    amount=one.amount,
                    payment_method="VISA",
                    card_reference=card,
                    authorized=one.amount,
                ),
            ),
        )
        ingest_order(account=account, row=row)
        call(url, "smarterpay/payments", {"payments": [_wish(one, card, payment)]})


def _wish(one: CardOrder, card: str, payment: str) -> dict[str, object]:
    return {
        "merchantKey": CARDS.merchant_key,
        "cardId": card,
        "paymentId": payment,
        "amount": one.amount,
        "currencyCode": "GBP",
        "customReference": one.reference,
        "createdSecondsAgo": one.hours * 3600,
        "tell": bool(one.history),
        "history": [
            {"action": action, "secondsAgo": ago * 3600, **({"amount": amount} if amount else {})}
            for action, amount, ago in one.history
        ],
    }
