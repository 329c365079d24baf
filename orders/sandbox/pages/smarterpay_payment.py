"""One payment of gateway C: its money, the portal's buttons, what was done, which requests came; and the shopper."""

from __future__ import annotations

from orders.sandbox.amounts import BadAmount, for_people
from orders.sandbox.audit import iso
from orders.sandbox.gateway_c import portal
from orders.sandbox.gateway_c.books import Books
from orders.sandbox.gateway_c.control import amount_in
from orders.sandbox.gateway_c.door import PREFIX, TRANSACTION_PATH
from orders.sandbox.gateway_c.passing_time import catch_up
from orders.sandbox.gateway_c.records import Action, Payment
from orders.sandbox.ledger import Ledger
from orders.sandbox.pages import frame, requests
from orders.sandbox.pages.frame import text
from orders.sandbox.pages.smarterpay import PAYMENT_PREFIX, SHOPPER_PREFIX, payment_link, warnings_table
from orders.sandbox.wire import Reply, Request

BUTTONS = (
    ("release", "Release (capture)"),
    ("cancel", "Cancel"),
    ("void", "Void"),
    ("refund", "Refund"),
    ("expire", "Let it expire"),
)


def show(ledger: Ledger, payment_id: str, *, refusal: str | None = None) -> Reply:
    payment = _present(ledger, payment_id)
    if payment is None:
        return _nothing()
    books = Books(ledger)
    return frame.page(
        f"Payment {payment.custom_reference or payment.payment_id}",
        frame.section("Money", _money(payment)),
        frame.section("Portal of SmarterPay Cloud", _portal(payment)),
        frame.section("Releases, cancels, voids and refunds", _actions(books.actions_on(payment.payment_id))),
        frame.section("Warnings", warnings_table(books, payment.payment_id)),
        frame.section("Requests", requests.table_of(ledger, payment.payment_id, prefix=PREFIX + TRANSACTION_PATH)),
        status=422 if refusal else 200,
        refusal=refusal,
    )


def act(ledger: Ledger, payment_id: str, request: Request) -> Reply:
    """A button of the portal was pressed. A refusal is shown on the same page; nothing has changed then."""
    if _present(ledger, payment_id) is None:
        return _nothing()
    wished = frame.fields_of(request)
    books = Books(ledger)
    try:
        if wished.get("action") == "expire":
            portal.expire(books, payment_id=payment_id)
        else:
            amount = amount_in(books, payment_id, wished.get("amount"))
            portal.act(books, payment_id=payment_id, action=wished.get("action", ""), amount=amount)
    except (portal.Impossible, BadAmount) as error:
        return show(ledger, payment_id, refusal=f"{error} Nothing moved.")
    return frame.see(PAYMENT_PREFIX + payment_id)


def show_shopper(ledger: Ledger, payment_id: str) -> Reply:
    payment = _present(ledger, payment_id)
    return _nothing() if payment is None else frame.page("Payment, as the shopper", _offer(payment))


def decide(ledger: Ledger, payment_id: str, request: Request) -> Reply:
    """The shopper pays or gives up. A second decision changes nothing."""
    pays = frame.fields_of(request).get("decision") == "pay"
    try:
        portal.shopper_decides(Books(ledger), payment_id=payment_id, pays=pays)
    except portal.Impossible:
        return show_shopper(ledger, payment_id)
    return frame.see(SHOPPER_PREFIX + payment_id)


def _present(ledger: Ledger, payment_id: str) -> Payment | None:
    books = Books(ledger)
    with ledger.store.transaction():
        payment = books.payment(payment_id)
        if payment is not None:
            catch_up(books, payment)
    return payment


def _nothing() -> Reply:
    return frame.page("No such payment", frame.paragraph("Nothing is known under this id."), status=404)


def _money(payment: Payment) -> str:
    names = ("authorized", "captured", "released", "refunded")
    amounts = [(name.capitalize(), for_people(getattr(payment, name), payment.currency)) for name in names]
    about = [
        ("Payment", f"<code>{text(payment.payment_id)}</code>"),
        ("Card", f"<code>{text(payment.card_id)}</code>"),
        ("Merchant", text(payment.merchant_key)),
        ("Type", text(payment.payment_type)),
        ("State", f"<strong>{text(payment.state)}</strong>"),
        ("Status", text(payment.status)),
        ("Description", text(payment.internal_description or "–")),
        ("Goes back by itself", text(iso(payment.expires_at) or "–")),
    ]
    if payment.related_payment_id:
        about.append(("Repeats", payment_link(payment.related_payment_id)))
    return frame.facts([*amounts, *about])


def _portal(payment: Payment) -> str:
    explanation = frame.paragraph(
        "What is done here happens behind the dashboard's back, and a webhook alone tells of it. "
        "Leave the amount empty for everything."
    )
    shopper = ""
    if payment.state == "pending":
        address = SHOPPER_PREFIX + text(payment.payment_id)
        shopper = f'<p><a href="{address}">Go to the payment as the shopper</a></p>'
    return (
        explanation
        + shopper
        + frame.form(
            PAYMENT_PREFIX + payment.payment_id,
            frame.choice("Action", "action", BUTTONS),
            frame.field(f"Amount in {payment.currency}", "amount", kind="amount"),
            button="Do it in the portal",
        )
    )


def _actions(actions: list[Action]) -> str:
    rows = [
        (
            f"<code>{text(one.payment_id)}</code>",
            text(one.payment_type),
            text(one.status),
            for_people(one.amount, one.currency),
            text(one.origin),
            text(one.gateway_details or "–"),
            f"<code>{text(one.modification_id)}</code>",
            text(iso(one.created_at)),
        )
        for one in actions
    ]
    columns = ("New payment", "Type", "Status", "Amount", "Origin", "The acquirer says", "Modification", "At")
    return frame.table(columns, rows, label="Releases, cancels, voids and refunds")


def _offer(payment: Payment) -> str:
    lines = [
        f'<p class="price">{for_people(payment.authorized, payment.currency)}</p>',
        frame.paragraph(payment.gateway_description or payment.internal_description or "An order"),
        frame.facts(
            [
                ("Merchant", text(payment.merchant_key)),
                ("Reference", text(payment.custom_reference or "–")),
                ("State", f"<strong>{text(payment.state)}</strong>"),
            ]
        ),
    ]
    if payment.state == "pending":
        lines.append(_decision(payment, "pay", "Pay", ""))
        lines.append(_decision(payment, "decline", "Decline", "plain"))
    else:
        lines.append(f"<p>This payment is decided. See {payment_link(payment.payment_id)}</p>")
    return f'<section class="shopper">{"".join(lines)}</section>'


def _decision(payment: Payment, decision: str, button: str, manner: str) -> str:
    hidden = f'<input type="hidden" name="decision" value="{decision}">'
    return frame.form(SHOPPER_PREFIX + payment.payment_id, hidden, button=button, manner=manner)
