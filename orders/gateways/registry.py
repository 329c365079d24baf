"""The gateways by name. A new one is a module with the silhouette of `base.Gateway` and a line here."""

from __future__ import annotations

from orders.gateways import smarterpay, smartpay, smartpay_orders
from orders.gateways.base import Gateway

GATEWAYS: dict[str, Gateway] = {
    smartpay.name: smartpay,
    smartpay_orders.name: smartpay_orders,
    smarterpay.name: smarterpay,
}


def gateway_named(name: str) -> Gateway:
    """The gateway's module. Raises LookupError with a sentence for a name that no account can have."""
    try:
        return GATEWAYS[name]
    except KeyError:
        raise LookupError(f"There is no gateway called “{name}”; there are {', '.join(GATEWAYS)}.") from None


def gateway_choices() -> list[tuple[str, str]]:
    """Names and titles, for forms."""
    return [(name, gateway.title) for name, gateway in GATEWAYS.items()]
