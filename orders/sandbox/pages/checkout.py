"""Two pages of one purchase: the shop opens a checkout, the shopper completes or declines it."""

from __future__ import annotations

from typing import Any

from orders.sandbox import json_text
from orders.sandbox.amounts import for_people
from orders.sandbox.gateway_a import checkout
from orders.sandbox.gateway_a.errors import Refused
from orders.sandbox.ledger import Ledger
from orders.sandbox.pages import frame
from orders.sandbox.pages.frame import text
from orders.sandbox.records import Transaction
from orders.sandbox.wire import Reply, Request

SHOP_ADDRESS = "/checkouts/new"
CHECKOUT_PREFIX = "/smartpay/checkout/"
METHODS = ("VISA", "MSTRCRD", "AMEX", "PAYPAL", "SEPADDCORE", "GIROPAY", "IDEAL", "PREPMNT", "PAYINVC", "CARDS")
CURRENCIES = ("EUR", "USD", "GBP", "CHF", "JPY", "SEK", "PLN")


def show_shop(ledger: Ledger, *, wished: dict[str, str] | None = None, refusal: str | None = None) -> Reply:
    known = wished or {}
    merchants = [(key, key) for key in ledger.merchant_keys()]
    return frame.page(
        "New checkout, as the shop",
        frame.section(
            "Order",
            frame.form(
                SHOP_ADDRESS,
                frame.choice("Merchant", "merchantKey", merchants, known.get("merchantKey", "")),
                frame.field("Amount", "amount", known.get("amount", "49.99"), kind="amount", required=True),
                _choice("Currency", "currencyCode", CURRENCIES, known),
                frame.field("Reference of the order", "partnerReference", known.get("partnerReference", "")),
                frame.field("Description", "description", known.get("description", "4 pcs windscreen wipers")),
                frame.field("Shopper's e-mail", "email", known.get("email", "shopper@example.com"), kind="email"),
                _choice("Payment method", "paymentMethod", METHODS, known),
                button="Open the checkout",
                style="stacked",
            ),
        ),
        here=SHOP_ADDRESS,
        status=422 if refusal else 200,
        refusal=refusal,
    )


def open_checkout(ledger: Ledger, request: Request) -> Reply:
    """The shop's form becomes the same call the API takes."""
    wished = frame.fields_of(request)
    merchant_key = wished.get("merchantKey", "")
    if merchant_key not in ledger.merchant_keys():
        return show_shop(ledger, wished=wished, refusal="There is no such merchant. No checkout was opened.")
    try:
        with ledger.store.transaction():
            made = checkout.create(ledger, merchant_key=merchant_key, body=_creation(wished))
    except Refused as refused:
        said = frame.sentence_in(refused.reply)
        return show_shop(ledger, wished=wished, refusal=f"{said} No checkout was opened.")
    return frame.see(CHECKOUT_PREFIX + json_text.read(made.body)["checkoutToken"])


def show_checkout(ledger: Ledger, token: str) -> Reply:
    transaction = ledger.transaction_of_token(token)
    if transaction is None:
        return frame.page("No such checkout", frame.paragraph("The address is wrong, or it was reset."), status=404)
    return frame.page("Checkout, as the shopper", _offer(transaction))


def finish(ledger: Ledger, token: str, request: Request) -> Reply:
    """The shopper decides. A second decision changes nothing."""
    accepted = frame.fields_of(request).get("decision") == "pay"
    with ledger.store.transaction():
        transaction = ledger.transaction_of_token(token)
        if transaction is not None:
            checkout.complete(ledger, transaction, accepted=accepted)
    return show_checkout(ledger, token) if transaction is None else frame.see(CHECKOUT_PREFIX + token)


def _offer(transaction: Transaction) -> str:
    lines = [
        f'<p class="price">{for_people(transaction.authorized, transaction.currency)}</p>',
        frame.paragraph(transaction.description or "An order"),
        frame.facts(
            [
                ("Merchant", text(transaction.merchant_key)),
                ("Reference", text(transaction.partner_reference or "–")),
                ("Method", text(transaction.payment_method)),
                ("Status", f"<strong>{text(transaction.status)}</strong>"),
            ]
        ),
    ]
    if transaction.status == "CREATED":
        lines.append(_decision(transaction, "pay", "Pay", ""))
        lines.append(_decision(transaction, "decline", "Decline", "plain"))
    else:
        address = f"/transactions/{text(transaction.transaction_id)}"
        lines.append(f'<p>This checkout is over. <a href="{address}">See the transaction</a></p>')
    return f'<section class="shopper">{"".join(lines)}</section>'


def _decision(transaction: Transaction, decision: str, button: str, manner: str) -> str:
    hidden = f'<input type="hidden" name="decision" value="{decision}">'
    return frame.form(f"{CHECKOUT_PREFIX}{transaction.checkout_token}", hidden, button=button, manner=manner)


def _creation(wished: dict[str, str]) -> dict[str, Any]:
    payment = {
        "amount": wished.get("amount"),
        "currencyCode": wished.get("currencyCode"),
        "description": wished.get("description"),
    }
    names = ("merchantKey", "partnerReference", "paymentMethod")
    body: dict[str, Any] = {name: wished[name] for name in names if name in wished}
    return {**body, "payment": payment, "consumer": {"email": wished.get("email")}}


def _choice(label: str, name: str, options: tuple[str, ...], known: dict[str, str]) -> str:
    return frame.choice(label, name, [(one, one) for one in options], known.get(name, options[0]))
