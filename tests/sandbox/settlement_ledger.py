"""A past at the three gateways for settlement files, counted in days before today."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.sandbox_process import SandboxHandle

DAY_SECONDS = 86_400
MERCHANTS = {"smartpay": "merchant-one", "smartpay_orders": "sk_test_settled", "smarterpay": "merchant-one"}
Row = dict[str, str]


def noon_of(days_ago: int) -> int:
    """Seconds from now back to the noon of that day, UTC."""
    now = datetime.now(UTC)
    noon = datetime(now.year, now.month, now.day, 12, tzinfo=UTC) - timedelta(days=days_ago)
    return int((now - noon).total_seconds())


def day(days_ago: int) -> date:
    return datetime.now(UTC).date() - timedelta(days=days_ago)


def file_of(box: SandboxHandle, gateway: str, days_ago: int, **query: str) -> list[Row]:
    """The rows of one day's file, payouts included."""
    merchant = query.pop("merchantKey", MERCHANTS[gateway])
    content = box.settlement(date=day(days_ago).isoformat(), gateway=gateway, merchantKey=merchant, **query)
    return list(csv.DictReader(io.StringIO(content.decode())))


def truths_of(box: SandboxHandle, gateway: str, first_days_ago: int, last_days_ago: int, **query: str) -> list[Any]:
    days = {"from": day(first_days_ago).isoformat(), "to": day(last_days_ago).isoformat()}
    return box.settlement_truth(**days, gateway=gateway, merchantKey=MERCHANTS[gateway], **query)


def live(box: SandboxHandle, gateway: str, *pasts: dict[str, Any]) -> None:
    """Make transactions with these pasts, see `past`."""
    path, name = {
        "smartpay": ("orders", "orders"),
        "smartpay_orders": ("smartpay-orders/orders", "orders"),
        "smarterpay": ("smarterpay/payments", "payments"),
    }[gateway]
    box.control(path, **{name: [_WISHES[gateway](one) for one in pasts]})


def past(days_ago: int, number: int = 0, **more: Any) -> dict[str, Any]:
    """A transaction that was captured, and refunded where `refunds` say so, at noon of that day.

    Amounts in minor units; `failed` adds a refund that failed, `merchant` makes it another's.
    """
    return {"days_ago": days_ago, "number": number, "amount": 10_000 + number * 37, "refunds": (), **more}


def _steps(one: dict[str, Any]) -> list[dict[str, Any]]:
    """Capture and refunds with their amounts, times and names."""
    amounts = [{"amount": one["amount"]}, *({"amount": amount} for amount in one["refunds"])]
    amounts += [{"amount": 321, "failed": True}] if one.get("failed") else []
    ago = noon_of(one["days_ago"])
    return [{**step, "secondsAgo": ago, "modificationId": f"{_name(one)}-{n}"} for n, step in enumerate(amounts)]


def _name(one: dict[str, Any]) -> str:
    return f"{one.get('merchant', 'mine')}-{one['days_ago']}-{one['number']}"


def _of_smartpay(one: dict[str, Any]) -> dict[str, Any]:
    steps = [{**step, "kind": "refund" if n else "capture"} for n, step in enumerate(_steps(one))]
    return {
        "merchantKey": one.get("merchant", MERCHANTS["smartpay"]),
        "amount": one["amount"],
        "currencyCode": "EUR",
        "partnerReference": _name(one),
        "createdSecondsAgo": noon_of(one["days_ago"]) + 60,
        "history": steps,
    }


def _of_smartpay_orders(one: dict[str, Any]) -> dict[str, Any]:
    payment, *refunds = ({**step, "reference": step["modificationId"]} for step in _steps(one))
    return {
        "merchantKey": one.get("merchant", MERCHANTS["smartpay_orders"]),
        "amount": one["amount"],
        "reference": f"shop-{_name(one)}",
        "paymentStatus": "succeeded",
        "payments": [{**payment, "refunds": refunds}],
    }


def _of_smarterpay(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "merchantKey": one.get("merchant", MERCHANTS["smarterpay"]),
        "amount": one["amount"],
        "customReference": f"shop-{_name(one)}",
        "createdSecondsAgo": noon_of(one["days_ago"]) + 60,
        "history": [{**step, "action": "refund" if n else "release"} for n, step in enumerate(_steps(one))],
    }


_WISHES = {"smartpay": _of_smartpay, "smartpay_orders": _of_smartpay_orders, "smarterpay": _of_smarterpay}
