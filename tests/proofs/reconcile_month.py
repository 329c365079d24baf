"""A month at the three gateways, made from a seed: what shoppers, agents and the portal did there."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.sandbox_process import SandboxHandle

LISTED_WITHIN = 20
"""Days after the month in which a line of it may still come."""
USUAL_PRICES = (1_999, 4_999, 9_900, 12_000)
CURRENCIES = {"smartpay": ("EUR", "EUR", "USD"), "smartpay_orders": ("JPY",), "smarterpay": ("GBP", "GBP", "EUR")}
DOORS = {
    "smartpay": ("orders", "orders"),
    "smartpay_orders": ("smartpay-orders/orders", "orders"),
    "smarterpay": ("smarterpay/payments", "payments"),
}
AT_ONCE = 500
Wish = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Account:
    """One merchant key at one gateway, and its part of all transactions in percent."""

    gateway: str
    key: str
    share: int

    @property
    def secret(self) -> str:
        """B tells its merchants apart by their secret alone, and so the key is the secret."""
        return self.key if self.gateway == "smartpay_orders" else f"secret-of-{self.key}"


ACCOUNTS = (
    Account(gateway="smartpay", key="month-one", share=32),
    Account(gateway="smartpay", key="month-two", share=8),
    Account(gateway="smartpay_orders", key="sk_test_monthone", share=22),
    Account(gateway="smartpay_orders", key="sk_test_monthtwo", share=8),
    Account(gateway="smarterpay", key="month-three", share=22),
    Account(gateway="smarterpay", key="month-four", share=8),
)


@dataclass(frozen=True, kw_only=True)
class Month:
    """`days` days from `first`, long enough ago that every line of it has been listed by now."""

    seed: int
    days: int
    transactions: int
    now: datetime

    @classmethod
    def of(cls, seed: int, *, days: int, transactions: int) -> Month:
        return cls(seed=seed, days=days, transactions=transactions, now=datetime.now(UTC))

    @property
    def first(self) -> date:
        return self.now.date() - timedelta(days=self.days + LISTED_WITHIN)

    @property
    def last(self) -> date:
        return self.first + timedelta(days=self.days - 1)

    @property
    def every_day(self) -> list[date]:
        """To yesterday: no line is listed later."""
        return [self.first + timedelta(days=number) for number in range(self.days + LISTED_WITHIN)]


def live_through(sandbox: SandboxHandle, month: Month) -> None:
    """Write the month into the ledgers."""
    chance = random.Random(month.seed)
    sandbox.control("dials", starterOrders=False)
    for account in ACCOUNTS:
        if account.gateway != "smartpay_orders":
            sandbox.control("merchants", merchantKey=account.key, authenticationKey=account.secret)
        wishes = list(_wishes(chance, account, month))
        path, name = DOORS[account.gateway]
        held = list[str]()
        for start in range(0, len(wishes), AT_ONCE):
            made = sandbox.control(path, **{name: [wish for wish, _ in wishes[start : start + AT_ONCE]]})
            ids = [str(one["transactionId"]) for one in made["transactions"]]
            held += [id_ for id_, (_, hold) in zip(ids, wishes[start : start + AT_ONCE], strict=True) if hold]
        sandbox.control("never-release", gateway=account.gateway, transactionIds=held)


def _wishes(chance: random.Random, account: Account, month: Month) -> Iterator[tuple[Wish, bool]]:
    """Each with whether the gateway forgets to release it."""
    for number in range(month.transactions * account.share // 100):
        life = _Life(chance, account, month, number)
        yield life.wish(), life.held


class _Life:
    """What one transaction goes through. Drawn in one order, so that a seed repeats it."""

    def __init__(self, chance: random.Random, account: Account, month: Month, number: int) -> None:
        self._chance, self._account, self._month = chance, account, month
        self._name = f"{account.key}-{month.seed}-{number}"
        self._currency = chance.choice(CURRENCIES[account.gateway])
        self._made_at = month.now.replace(hour=6, minute=0, second=0) - timedelta(
            days=(month.now.date() - month.first).days - chance.randrange(month.days), seconds=-chance.randrange(14_400)
        )
        self._amount = chance.choice(USUAL_PRICES) if chance.random() < 0.1 else chance.randint(1_500, 250_000)
        self._at = self._made_at
        self._split: list[Wish] = []
        self.held = False
        self._steps = self._lived()

    def _lived(self) -> list[Wish]:
        """Steps with kind, amount, time and id: at most three captures, then refunds."""
        stories: list[tuple[int, Callable[[], list[Wish]]]] = [
            (500, lambda: [self._step("capture", self._amount)]),
            (230, self._refunded_in_part),
            (80, lambda: [self._step("capture", self._amount), self._step("refund", self._amount)]),
            (60, self._refunded_twice_alike),
            (60, self._captured_in_parts),
            (20, self._refund_failed),
            (20, self._refunded_by_the_portal),
        ]
        if self._account.gateway == "smartpay":
            stories += [(40, self._with_legs), (10, self._charged_back)]
        stories.append((12, self._rest_never_released))
        chosen = self._chance.choices([story for _, story in stories], [weight for weight, _ in stories])
        return chosen[0]()

    def _refunded_in_part(self) -> list[Wish]:
        captured = self._step("capture", self._amount)
        return [captured, self._step("refund", self._share_of(self._amount, 5, 90))]

    def _refunded_twice_alike(self) -> list[Wish]:
        """Two equal refunds within an hour."""
        captured = self._step("capture", self._amount)
        first = self._step("refund", self._share_of(self._amount, 10, 45))
        return [captured, first, self._step("refund", first["amount"], within_seconds=3_000)]

    def _captured_in_parts(self) -> list[Wish]:
        """Where the gateway allows it; a card payment is released once."""
        part = self._share_of(self._amount, 20, 45)
        if self._account.gateway == "smarterpay":
            return [self._step("capture", part)]
        return [self._step("capture", part), self._step("capture", part), self._step("refund", part // 2 or 1)]

    def _refund_failed(self) -> list[Wish]:
        return [self._step("capture", self._amount), {**self._step("refund", self._amount // 2), "failed": True}]

    def _refunded_by_the_portal(self) -> list[Wish]:
        amount = self._share_of(self._amount, 10, 90)
        return [self._step("capture", self._amount), {**self._step("refund", amount), "origin": "portal"}]

    def _charged_back(self) -> list[Wish]:
        return [self._step("capture", self._amount), {**self._step("chargeback", self._amount), "origin": "portal"}]

    def _with_legs(self) -> list[Wish]:
        parts = [self._share_of(self._amount, 30, 45), self._share_of(self._amount, 20, 40)]
        self._split = [{"destinationReference": f"leg-{n}", "amount": part} for n, part in enumerate(parts)]
        return [{**self._step("capture", self._amount), "legFails": self._chance.random() < 0.3}]

    def _rest_never_released(self) -> list[Wish]:
        """A card payment is either released, and then its rest too, or never."""
        self.held = True
        if self._account.gateway == "smarterpay":
            return []
        return [self._step("capture", self._share_of(self._amount, 30, 60))]

    def _share_of(self, amount: int, lowest: int, highest: int) -> int:
        return max(1, amount * self._chance.randint(lowest, highest) // 100)

    def _step(self, kind: str, amount: int, *, within_seconds: int = 0) -> Wish:
        """Captures come within a day of the authorization, refunds days later, all by day and within the month."""
        if within_seconds:
            self._at += timedelta(seconds=self._chance.randint(1, within_seconds))
        elif kind == "capture":
            self._at += timedelta(seconds=self._chance.randint(60, 3_600))
        else:
            latest = max(0, (self._month.last - self._at.date()).days)
            self._at += timedelta(days=min(latest, self._chance.randint(0, 9)), seconds=self._chance.randint(60, 3_600))
        id_ = str(uuid.UUID(int=self._chance.getrandbits(128), version=4))
        return {"kind": kind, "amount": amount, "modificationId": id_, "origin": "api", "at": self._at}

    # What each gateway calls it.

    def wish(self) -> Wish:
        ours = {"merchantKey": self._account.key, "amount": self._amount, "createdSecondsAgo": self._ago(self._made_at)}
        if self.held:
            ours["expiresInSeconds"] = 86_400
        if self._account.gateway == "smartpay":
            return {**ours, **self._at_smartpay()}
        if self._account.gateway == "smartpay_orders":
            return {**ours, **self._at_smartpay_orders()}
        return {**ours, **self._at_smarterpay()}

    def _at_smartpay(self) -> Wish:
        said: Wish = {"partnerReference": self._name, "currencyCode": self._currency, "history": self._told()}
        if sum(step["kind"] == "capture" for step in self._steps) > 1 or self.held:
            said["multiCapture"] = True
        return {**said, "split": self._split} if self._split else said

    def _at_smartpay_orders(self) -> Wish:
        captures = [step for step in self._told() if step["kind"] == "capture"]
        refunds = [_without(step, "kind") for step in self._told() if step["kind"] == "refund"]
        payments: list[Wish] = [{**_without(step, "kind"), "refunds": []} for step in captures]
        payments[0]["refunds"] = refunds
        for step in (*payments, *refunds):
            if step["origin"] == "api":
                step["reference"] = step["modificationId"]
        status = "requires_capture" if self.held else "succeeded"
        return {"reference": self._name, "paymentStatus": status, "payments": payments}

    def _at_smarterpay(self) -> Wish:
        words = {"capture": "release", "refund": "refund"}
        history = [{**_without(step, "kind"), "action": words[step["kind"]]} for step in self._told()]
        for step in history:
            if step["origin"] != "api":
                del step["modificationId"]
        return {"customReference": self._name, "currencyCode": self._currency, "history": history}

    def _told(self) -> list[Wish]:
        """In the ledger's words. A capture in parts leaves a rest, and a refund of the second part fits the first."""
        return [{**_without(step, "at"), "secondsAgo": self._ago(step["at"])} for step in self._steps]

    def _ago(self, at: datetime) -> int:
        return int((self._month.now - at).total_seconds())


def _without(step: Wish, name: str) -> Wish:
    return {key: value for key, value in step.items() if key != name}
