"""Gateway × situation × role × kind × amount: what may be asked for, as the rules say it.

`cells_of` gives the lines of every_cell.txt beside this file, which was read line by line against the seeds; the test
asks page, click, back office and API for each of them. `REWRITE_CELLS=1 pytest tests/views/test_every_cell.py` writes
the file anew, to be read again.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.contrib.auth.models import User

from orders.gateways.base import ACTIONS, Kind, TransactionState
from orders.models import Capture, GatewayAccount, Transaction
from orders.modifications.rules import may
from orders.modifications.situation import situation_of
from tests import factories
from tests.modifications.other_accounts import in_yen, on_card

T = TransactionState
FILE = Path(__file__).with_name("every_cell.txt")
AMOUNTS = ("all", "part", "more")
ROLES = ("agent", "viewer")
Build = Callable[[GatewayAccount], Transaction]


def _at_smartpay(**fields: object) -> Build:
    return lambda account: factories.a_transaction(account=account, **fields)  # type: ignore[arg-type]


def _captured(**fields: object) -> Build:
    return lambda account: factories.a_captured_transaction(account=account, **fields)  # type: ignore[arg-type]


def _in_yen(*captures: int, **fields: object) -> Build:
    return lambda account: in_yen(*captures, account=account, **fields)  # type: ignore[arg-type]


def _on_card(**fields: object) -> Build:
    return lambda account: on_card(account=account, **fields)  # type: ignore[arg-type]


def _refund_under_way(account: GatewayAccount) -> Transaction:
    transaction = in_yen(10_000, account=account)
    Capture.objects.filter(transaction=transaction).update(refunding=3_000)
    Transaction.objects.filter(pk=transaction.pk).update(refunding=3_000)
    transaction.refresh_from_db()
    return transaction


def _of_a_deal(account: GatewayAccount) -> Transaction:
    """Each of a deal of its own, so that none takes the room of another."""
    deal = f"D-{uuid.uuid4().hex[:8]}"
    return factories.a_transaction(account=account, deal_reference=deal, deal_type="3RIPSS", deal_amount=3_000)


SITUATIONS: dict[str, dict[str, Build]] = {
    "smartpay": {
        "waits for the shopper": _at_smartpay(state=T.PENDING_AUTHORIZATION),
        "authorized": _at_smartpay(),
        "authorized, capture of 60 under way": _at_smartpay(capturing=6_000),
        "60 captured, 40 released": _at_smartpay(state=T.CAPTURED, captured=6_000, released=4_000, capture_open=False),
        "captured": _captured(),
        "settled, 30 refunded": _captured(state=T.SETTLED, refunded=3_000),
        "settled, all charged back": _captured(state=T.SETTLED, charged_back=10_000),
        "cancelled": _at_smartpay(state=T.CANCELLED, released=10_000, capture_open=False),
        "expired": _at_smartpay(state=T.EXPIRED, released=10_000, capture_open=False),
        "failed": _at_smartpay(state=T.FAILED),
        "a status nobody knows": _at_smartpay(state=T.UNRECOGNISED),
        "captured, frozen": _captured(frozen_reason="Look."),
        "captured, an outcome unknown": _captured(unknown_count=1),
        "bank transfer, authorized": _at_smartpay(payment_method="GIROPAY"),
        "bank transfer, settled": _captured(state=T.SETTLED, payment_method="GIROPAY"),
        "deal with 30 left": _of_a_deal,
    },
    "smartpay_orders": {
        "waits for the shopper": _in_yen(state=T.PENDING_AUTHORIZATION),
        "authorized": _in_yen(),
        "60 captured, 40 open": _in_yen(6_000),
        "60 captured, 40 released": _in_yen(6_000, state=T.CAPTURED, released=4_000, capture_open=False),
        "captured": _in_yen(10_000),
        "captured in 60 and 40": _in_yen(6_000, 4_000),
        "captured, refund of 30 under way": _refund_under_way,
        "cancelled": _in_yen(state=T.CANCELLED, released=10_000, capture_open=False),
        "captured, frozen": _in_yen(10_000, frozen_reason="Look."),
    },
    "smarterpay": {
        "authorized": _on_card(),
        "released an hour ago": _on_card(captured=10_000),
        "60 released an hour ago": _on_card(captured=6_000),
        "released a day ago": _on_card(captured=10_000, hours_ago=25),
        "released a day ago, 30 refunded": _on_card(captured=10_000, hours_ago=25, refunded=3_000),
        "cancelled": _on_card(state=T.CANCELLED, released=10_000, capture_open=False),
        "released, an outcome unknown": _on_card(captured=10_000, unknown_count=1),
    },
}
"""Of 100 in the currency of each gateway; nothing is changed by looking."""


@dataclass(frozen=True)
class Cell:
    """One kind in one line: which amounts may be asked for, or the rule that closes it."""

    text: str

    @property
    def amounts(self) -> frozenset[str]:
        """Of AMOUNTS; empty where it is closed."""
        return frozenset() if self.text.startswith("- ") else frozenset(self.text.split(" of ")[0].split("+"))


def amounts_of(kind: Kind, transaction: Transaction, person: User) -> dict[str, int]:
    """In minor units: everything that may move, half of it, and one unit more than everything."""
    decision = may(kind, situation_of(transaction, person))
    most = decision.maximum.amount_minor if decision.maximum else transaction.authorized
    return {"all": most, "part": max(1, most // 2), "more": most + 1}


def cells_of(transaction: Transaction, person: User) -> dict[Kind, Cell]:
    """What the rules say, kind by kind."""
    situation = situation_of(transaction, person)
    cells = {}
    for kind in ACTIONS:
        decision = may(kind, situation)
        open_for = [
            name
            for name, amount in amounts_of(kind, transaction, person).items()
            if may(kind, situation, amount=amount).allowed
        ]
        most = decision.maximum.decimal if decision.maximum else ""
        cells[kind] = Cell(f"{'+'.join(open_for)} of {most}" if decision.allowed else f"- {decision.rule}")
    return cells


def head() -> str:
    """The first line of the file."""
    return f"{'gateway, situation, role':<64}" + "".join(f"{kind.value:<22}" for kind in ACTIONS).rstrip()


def line(gateway: str, situation: str, role: str, cells: dict[Kind, Cell]) -> str:
    """One line of the file."""
    title = f"{gateway}, {situation}, {role}"
    return f"{title:<64}" + "".join(f"{cells[kind].text:<22}" for kind in ACTIONS).rstrip()


def reviewed() -> dict[str, dict[Kind, Cell]]:
    """The file, line by line."""
    lines = FILE.read_text(encoding="utf-8").splitlines()[1:]
    return {
        one[:64].rstrip(): {
            kind: Cell(one[64 + 22 * place : 86 + 22 * place].strip()) for place, kind in enumerate(ACTIONS)
        }
        for one in lines
    }
