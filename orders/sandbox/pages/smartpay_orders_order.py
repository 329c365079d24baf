"""One order of gateway B: its money, the portal's buttons, its payments and refunds, and which requests came."""

from __future__ import annotations

from orders.sandbox import json_text
from orders.sandbox.amounts import BadAmount, for_people, minor_from_control
from orders.sandbox.audit import iso
from orders.sandbox.gateway_b import books, portal, shopper
from orders.sandbox.gateway_b.door import PREFIX, VERSION
from orders.sandbox.gateway_b.errors import Refused
from orders.sandbox.gateway_b.passing_time import catch_up_all
from orders.sandbox.gateway_b.records import CURRENCY, Order, Payment, Refund
from orders.sandbox.gateway_b.sessions import CHECKOUT_PREFIX
from orders.sandbox.ledger import Ledger
from orders.sandbox.pages import frame, requests
from orders.sandbox.pages.frame import text
from orders.sandbox.pages.smartpay_orders import ORDER_PREFIX
from orders.sandbox.wire import Reply, Request

BUTTONS = (
    ("capture", "Capture, and release the rest"),
    ("cancel", "Cancel what is uncaptured"),
    ("refund", "Refund, newest payment first"),
    ("expire", "Let it expire"),
)
DECISIONS = (
    ("approve", "Approve"),
    ("soft_decline", "Be declined, with another try"),
    ("decline", "Be declined for good"),
)


def show(ledger: Ledger, order_id: str, *, refusal: str | None = None) -> Reply:
    catch_up_all(ledger)
    order = books.find(ledger.store, Order, order_id)
    if order is None:
        return frame.page("No such order", frame.paragraph("Nothing is known under this id."), status=404)
    payments = books.payments_of(ledger.store, order_id)
    refunds = [one for payment in payments for one in books.refunds_of(ledger.store, payment.id)]
    return frame.page(
        f"Order {order.reference or order.id}",
        frame.section("Money", _money(order)),
        frame.section("Smartpay's dashboard", _portal(order)),
        *([frame.section("The shopper", _shopper(order))] if order.status == "requires_authorization" else []),
        frame.section("Payments and refunds", _parts(payments, refunds)),
        frame.section("What really happened", _executions(ledger, order_id)),
        frame.section("Requests", requests.table_of(ledger, order_id, prefix=PREFIX + VERSION)),
        status=422 if refusal else 200,
        refusal=refusal,
    )


def act(ledger: Ledger, order_id: str, request: Request) -> Reply:
    """A button of the portal was pressed. A refusal is shown on the same page; nothing has changed then."""
    wished = frame.fields_of(request)
    try:
        amount = minor_from_control(wished["amount"], CURRENCY) if "amount" in wished else None
        if amount is not None and amount <= 0:
            raise BadAmount("An amount is more than zero.")
        if "decision" in wished:
            _decide(ledger, order_id, wished["decision"])
        else:
            portal.act(ledger, order_id=order_id, action=wished.get("action", ""), amount=amount)
    except Refused as refused:
        said = json_text.read(refused.reply.body)["message"]
        return show(ledger, order_id, refusal=f"{said} Nothing moved.")
    except (portal.Impossible, BadAmount) as error:
        return show(ledger, order_id, refusal=f"{error} Nothing moved.")
    return frame.see(ORDER_PREFIX + order_id)


def _money(order: Order) -> str:
    names = ("amount", "captured", "released", "refunded")
    amounts = [(name.capitalize(), for_people(getattr(order, name), CURRENCY)) for name in names]
    return frame.facts(
        [
            *amounts,
            ("Order", f"<code>{text(order.id)}</code>"),
            ("Merchant", text(order.merchant_key)),
            ("Status", f"<strong>{text(order.status)}</strong>"),
            ("Capture method", text(order.capture_method)),
            ("Description", text(order.description or "–")),
            ("Expires", text(iso(order.expires_at) or "–")),
        ]
    )


def _portal(order: Order) -> str:
    explanation = frame.paragraph(
        "What is done here happens behind the dashboard's back. Leave the amount empty for everything."
    )
    return explanation + frame.form(
        ORDER_PREFIX + order.id,
        frame.choice("Action", "action", BUTTONS),
        frame.field(f"Amount in {CURRENCY}", "amount", kind="amount"),
        button="Do it in the portal",
    )


def _shopper(order: Order) -> str:
    """An order that was made to order has no checkout, so the shopper can decide here as well."""
    link = ""
    if order.session_id:
        address = CHECKOUT_PREFIX + text(order.session_id)
        link = f'<p><a href="{address}">Go to the checkout as the shopper</a></p>'
    choice = frame.choice("Decision", "decision", DECISIONS)
    return link + frame.form(ORDER_PREFIX + order.id, choice, button="Decide as the shopper")


def _decide(ledger: Ledger, order_id: str, decision: str) -> None:
    """Raises Refused and Impossible."""
    order = books.find(ledger.store, Order, order_id)
    if order is None or decision not in shopper.DECISIONS:
        raise portal.Impossible("There is no such order, or no such decision.")
    with ledger.store.transaction():
        shopper.decide(ledger, order, decision)


def _parts(payments: list[Payment], refunds: list[Refund]) -> str:
    every: list[Payment | Refund] = [*payments, *refunds]
    rows = [
        (
            f"<code>{text(one.id)}</code>",
            text("Payment" if isinstance(one, Payment) else f"Refund of {one.payment_id}"),
            text(one.status),
            for_people(one.amount, CURRENCY),
            f"<code>{text(one.reference or '–')}</code>",
            text(iso(one.created_at)),
        )
        for one in every
    ]
    return frame.table(("Id", "What", "Status", "Amount", "Reference", "At"), rows, label="Payments and refunds")


def _executions(ledger: Ledger, order_id: str) -> str:
    _, executions = books.lines(ledger, {"transactionId": order_id})
    rows = [
        (
            f"<code>{text(one['modificationId'])}</code>",
            text(one["type"]),
            text(one["status"]),
            for_people(one["amount"], CURRENCY),
            text(one["origin"]),
            text(one["at"]),
        )
        for one in executions
    ]
    return frame.table(("Modification", "Type", "Status", "Amount", "Origin", "At"), rows, label="What really happened")
