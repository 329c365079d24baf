"""Gateway C's first page: a new payment as the shop, the latest payments, and what careless clients sent."""

from __future__ import annotations

from orders.sandbox.amounts import for_people
from orders.sandbox.audit import iso
from orders.sandbox.gateway_c import given_payments
from orders.sandbox.gateway_c.books import Books
from orders.sandbox.gateway_c.events import NAME
from orders.sandbox.gateway_c.movements import REGISTRATIONS
from orders.sandbox.gateway_c.passing_time import catch_up_all
from orders.sandbox.gateway_c.records import Payment
from orders.sandbox.ledger import Ledger
from orders.sandbox.pages import frame
from orders.sandbox.pages.frame import text
from orders.sandbox.wire import Reply, Request

ADDRESS = "/gateway-c"
PAYMENT_PREFIX = f"{ADDRESS}/payments/"
SHOPPER_PREFIX = f"{ADDRESS}/shopper/"
LATEST = 50
CURRENCIES = ("GBP", "EUR", "USD", "JPY")


def show(ledger: Ledger, *, wished: dict[str, str] | None = None, refusal: str | None = None) -> Reply:
    catch_up_all(ledger)
    books = Books(ledger)
    return frame.page(
        "Gateway C, pretended",
        frame.section("Webhooks", _webhooks(ledger)),
        frame.section("New payment, as the shop", _shop(ledger, wished or {})),
        frame.section(f"Latest payments (at most {LATEST})", payments_table(books.latest_payments(LATEST))),
        frame.section("Warnings", warnings_table(books)),
        here=ADDRESS,
        status=422 if refusal else 200,
        refusal=refusal,
    )


def open_payment(ledger: Ledger, request: Request) -> Reply:
    """The shop registers a payment. By telephone it is authorised at once, else the shopper decides."""
    wished = frame.fields_of(request)
    by_telephone = wished.get("paymentType", "").endswith("MOTO")
    state = "authorized" if by_telephone else "pending"
    try:
        [payment] = given_payments.make(Books(ledger), [{**wished, "state": state, "tell": True}])
    except given_payments.BadPayment as error:
        return show(ledger, wished=wished, refusal=f"{error} No payment was made.")
    return frame.see((PAYMENT_PREFIX if by_telephone else SHOPPER_PREFIX) + payment.payment_id)


def payments_table(payments: list[Payment]) -> str:
    columns = ("Payment", "Reference", "Type", "State", "Amount", "Captured amount", "Refunded amount")
    rows = [
        (
            payment_link(one.payment_id),
            text(one.custom_reference or "–"),
            text(one.payment_type),
            text(one.state),
            for_people(one.authorized, one.currency),
            for_people(one.captured, one.currency),
            for_people(one.refunded, one.currency),
        )
        for one in payments
    ]
    return frame.table(columns, rows, label="Latest payments of gateway C")


def payment_link(payment_id: str) -> str:
    return f'<a href="{PAYMENT_PREFIX}{text(payment_id)}"><code>{text(payment_id)}</code></a>'


def warnings_table(books: Books, original_id: str | None = None) -> str:
    """What was ignored although somebody sent it."""
    rows = [
        (text(iso(line["at"])), text(line["merchant_key"]), text(line["sentence"]))
        for line in books.warnings(original_id, limit=LATEST)
    ]
    return frame.table(("At", "Merchant", "Warning"), rows, label="Warnings")


def _webhooks(ledger: Ledger) -> str:
    addresses = [(key, ledger.deliveries.destination(NAME, key)) for key in ledger.merchant_keys()]
    shown = [
        (key, f"<code>{text(found.url)}</code>" if found else "None set: nothing is told.") for key, found in addresses
    ]
    return frame.facts(shown)


def _shop(ledger: Ledger, known: dict[str, str]) -> str:
    merchants = [(key, key) for key in ledger.merchant_keys()]
    types = [(one, one) for one in REGISTRATIONS]
    currencies = [(one, one) for one in CURRENCIES]
    return frame.form(
        ADDRESS,
        frame.choice("Merchant", "merchantKey", merchants, known.get("merchantKey", "")),
        frame.choice("Payment type", "paymentType", types, known.get("paymentType", "DeferredEcommerce")),
        frame.field("Amount", "amount", known.get("amount", "49.99"), kind="amount", required=True),
        frame.choice("Currency", "currencyCode", currencies, known.get("currencyCode", "GBP")),
        frame.field("Reference of the order", "customReference", known.get("customReference", "")),
        frame.field("Description", "description", known.get("description", "Two garden chairs")),
        button="Register the payment",
        style="stacked",
    )
