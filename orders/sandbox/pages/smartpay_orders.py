"""Gateway B's first page: a new checkout as the shop, the latest orders, and who listens to its webhooks."""

from __future__ import annotations

from orders.sandbox import json_text
from orders.sandbox.amounts import AMOUNT_LIMIT_MINOR, for_people
from orders.sandbox.gateway_b import books, endpoints, sessions, things
from orders.sandbox.gateway_b.acting import Cause
from orders.sandbox.gateway_b.calls import Call
from orders.sandbox.gateway_b.errors import Refused
from orders.sandbox.gateway_b.merchants import Merchant, known_merchants, merchant_named
from orders.sandbox.gateway_b.passing_time import catch_up_all
from orders.sandbox.gateway_b.records import CURRENCY, Order
from orders.sandbox.ledger import Ledger
from orders.sandbox.pages import frame
from orders.sandbox.pages.frame import text
from orders.sandbox.wire import Reply, Request

ADDRESS = "/gateway-b"
ORDER_PREFIX = f"{ADDRESS}/orders/"
LATEST = 50
CAPTURES = (("manual", "by the shop, later"), ("automatic", "at once, automatically"))
SHIPPING = {"address": {"line1": "1-1", "locality": "千代田区", "postalCode": "100-0001", "country": "JP"}}


def show(ledger: Ledger, *, wished: dict[str, str] | None = None, refusal: str | None = None) -> Reply:
    catch_up_all(ledger)
    return frame.page(
        "Gateway B, pretended",
        frame.section("Merchants and their webhook endpoints", _merchants(ledger)),
        frame.section("New checkout, as the shop", _shop(wished or {})),
        frame.section(f"Latest orders (at most {LATEST})", orders_table(latest_orders(ledger, LATEST))),
        here=ADDRESS,
        status=422 if refusal else 200,
        refusal=refusal,
    )


def open_checkout(ledger: Ledger, request: Request) -> Reply:
    """The shop's form becomes the same call the API takes."""
    wished = frame.fields_of(request)
    key = wished.get("key", "")
    merchant = merchant_named(ledger, key)
    if merchant is None:
        return show(ledger, wished=wished, refusal=f"{key} is no merchant and no test key. No checkout was opened.")
    try:
        session = _session(ledger, request, merchant, wished)
    except Refused as refused:
        said = "; ".join(json_text.read(refused.reply.body)["details"])
        return show(ledger, wished=wished, refusal=f"{said} No checkout was opened.")
    return frame.see(sessions.CHECKOUT_PREFIX + session)


def latest_orders(ledger: Ledger, most: int) -> list[Order]:
    sql = "SELECT * FROM b_orders ORDER BY created_at DESC, sequence DESC LIMIT ?"
    return [books.noun_from(Order, row) for row in ledger.store.rows(sql, (most,))]


def orders_table(orders: list[Order]) -> str:
    columns = ("Order", "Reference", "Status", "Amount", "Captured amount", "Refunded amount")
    rows = [
        (
            order_link(one.id),
            text(one.reference or "–"),
            text(one.status),
            for_people(one.amount, CURRENCY),
            for_people(one.captured, CURRENCY),
            for_people(one.refunded, CURRENCY),
        )
        for one in orders
    ]
    return frame.table(columns, rows, label="Latest orders of gateway B")


def order_link(order_id: str) -> str:
    return f'<a href="{ORDER_PREFIX}{text(order_id)}"><code>{text(order_id)}</code></a>'


def _session(ledger: Ledger, request: Request, merchant: Merchant, wished: dict[str, str]) -> str:
    """Opens it and returns its id. Raises Refused."""
    written = wished.get("amount", "")
    amount = int(written) if written.isascii() and written.isdigit() and int(written) <= AMOUNT_LIMIT_MINOR else written
    item = {"name": wished.get("description", "An order"), "amount": amount, "currency": CURRENCY}
    host = request.headers.get("host", "127.0.0.1")
    body = {
        "items": [item],
        "shippingInfo": SHIPPING,
        "customerInfo": {"emailAddress": wished.get("email")},
        "captureMethod": wished.get("captureMethod"),
        "reference": wished.get("reference"),
        "successUrl": f"http://{host}{ADDRESS}",
        "cancelUrl": f"http://{host}{ADDRESS}",
    }
    sent = Request(method="POST", path="/checkout-sessions", headers={"host": host}, body=json_text.write(body))
    call = Call(ledger=ledger, merchant=merchant, request=sent, id="", cause=Cause(origin="shopper"))
    with ledger.store.transaction():
        return str(sessions.create(call)["id"])


def _merchants(ledger: Ledger) -> str:
    lines = [(key, _endpoints(ledger, key)) for key in known_merchants(ledger)]
    if not lines:
        return frame.paragraph("Nobody yet: any key such as sk_test_1 becomes a merchant on its first request.")
    return frame.facts(lines)


def _endpoints(ledger: Ledger, merchant_key: str) -> str:
    found = things.every(ledger.store, endpoints.KIND, merchant_key)
    shown = [f"<code>{text(one['url'])}</code>{'' if one['active'] else ' (inactive)'}" for one in found]
    return ", ".join(shown) or "No endpoint: nothing is told."


def _shop(known: dict[str, str]) -> str:
    return frame.form(
        ADDRESS,
        frame.field("Secret test key, or a merchant's name", "key", known.get("key", "sk_test_demo"), required=True),
        frame.field("Amount in JPY", "amount", known.get("amount", "4980"), kind="amount", required=True),
        frame.choice("The money is captured", "captureMethod", CAPTURES, known.get("captureMethod", "manual")),
        frame.field("Reference of the order", "reference", known.get("reference", "")),
        frame.field("Description", "description", known.get("description", "A tea set")),
        frame.field("Shopper's e-mail", "email", known.get("email", "shopper+test@example.com"), kind="email"),
        button="Open the checkout",
        style="stacked",
    )
