"""An account's settlement terms as its form shows them."""

from __future__ import annotations

from typing import Any

from orders.models import GatewayAccount, SettlementTerms

_AS_THEY_ARE = (
    "time_zone",
    "cut_off",
    "delay_days",
    "patience_days",
    "fee_basis_points",
    "fee_fixed",
    "fee_currency",
    "accept_limit",
    "expected_from",
    "drop_folder",
)


def initial_of(account: GatewayAccount) -> dict[str, Any]:
    """The terms that count now; the defaults where nobody said anything."""
    row = SettlementTerms.objects.filter(account=account).first() or SettlementTerms(account=account)
    values = {name: getattr(row, name) for name in _AS_THEY_ARE}
    return {**values, "business_days": list(row.business_days), "holidays": "\n".join(row.holidays)}
