"""The checkout page of gateway B: the shopper agrees to instalments, or to a token, or does not."""

from __future__ import annotations

from orders.sandbox.amounts import for_people
from orders.sandbox.gateway_b import books, shopper, things, tokens
from orders.sandbox.gateway_b.errors import Refused
from orders.sandbox.gateway_b.records import CURRENCY, Order
from orders.sandbox.gateway_b.sessions import CHECKOUT_PREFIX
from orders.sandbox.gateway_b.things import Thing
from orders.sandbox.ledger import Ledger
from orders.sandbox.pages import frame
from orders.sandbox.pages.frame import text
from orders.sandbox.pages.smartpay_orders import order_link
from orders.sandbox.wire import Reply, Request

DECISIONS = (
    ("approve", "Pay in three instalments", ""),
    ("soft_decline", "Be declined, with another try", "plain"),
    ("decline", "Be declined for good", "plain"),
)
TOKEN_DECISIONS = (("approve", "Approve the token", ""), ("decline", "Reject the token", "plain"))


def show(ledger: Ledger, session_id: str) -> Reply:
    session = things.find(ledger.store, "checkout", session_id)
    if session is None:
        return frame.page("No such checkout", frame.paragraph("The address is wrong, or it was reset."), status=404)
    offer = _token(ledger, session) if "token" in session else _order(ledger, session)
    return frame.page("Smartpay checkout, as the shopper", f'<section class="shopper">{offer}</section>')


def decide(ledger: Ledger, session_id: str, request: Request) -> Reply:
    """The shopper decides. A second decision changes nothing."""
    decision = frame.fields_of(request).get("decision", "")
    session = things.find(ledger.store, "checkout", session_id)
    if session is None or decision not in shopper.DECISIONS:
        return show(ledger, session_id)
    try:
        with ledger.store.transaction():
            if "token" in session:
                shopper.decide_token(ledger, _the_token(ledger, session), approved=decision == "approve")
            else:
                shopper.decide(ledger, _the_order(ledger, session), decision, plan="pay_in_three")
    except Refused:
        return show(ledger, session_id)
    return frame.see(CHECKOUT_PREFIX + session_id)


def _order(ledger: Ledger, session: Thing) -> str:
    order = _the_order(ledger, session)
    names = [item["price"]["product"]["name"] for item in order.details.get("lineItems", [])]
    shown = frame.facts(
        [
            ("Merchant", text(order.merchant_key)),
            ("Reference", text(order.reference or "–")),
            ("Status", f"<strong>{text(order.status)}</strong>"),
        ]
    )
    waiting = order.status == "requires_authorization"
    over = f"<p>This checkout is over. See {order_link(order.id)}</p>" + _way_back(session)
    price = f'<p class="price">{for_people(order.amount, CURRENCY)}</p>'
    return price + frame.paragraph(", ".join(names)) + shown + (_buttons(session, DECISIONS) if waiting else over)


def _token(ledger: Ledger, session: Thing) -> str:
    token = _the_token(ledger, session)
    shown = frame.facts([("Token", text(token["id"])), ("Status", f"<strong>{text(token['status'])}</strong>")])
    return shown + (_buttons(session, TOKEN_DECISIONS) if token["status"] == tokens.WAITING else _way_back(session))


def _buttons(session: Thing, decisions: tuple[tuple[str, str, str], ...]) -> str:
    return "".join(
        frame.form(
            CHECKOUT_PREFIX + session["id"],
            f'<input type="hidden" name="decision" value="{decision}">',
            button=button,
            manner=manner,
        )
        for decision, button, manner in decisions
    )


def _way_back(session: Thing) -> str:
    return f'<p><a href="{text(session["successUrl"])}">Back to the shop</a></p>'


def _the_order(ledger: Ledger, session: Thing) -> Order:
    order = books.find(ledger.store, Order, session["order"])
    assert order is not None
    return order


def _the_token(ledger: Ledger, session: Thing) -> Thing:
    token = things.find(ledger.store, "paytok", session["token"])
    assert token is not None
    return token
