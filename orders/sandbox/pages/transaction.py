"""One transaction: its money, what was done to it, which requests came, and the portal's buttons."""

from __future__ import annotations

from orders.sandbox.amounts import BadAmount, for_people, minor_from_control
from orders.sandbox.audit import iso
from orders.sandbox.gateway_a import portal, prepayments
from orders.sandbox.gateway_a.errors import Refused
from orders.sandbox.gateway_a.passing_time import catch_up
from orders.sandbox.ledger import Ledger
from orders.sandbox.pages import frame, requests
from orders.sandbox.pages.frame import text
from orders.sandbox.records import Execution, Transaction
from orders.sandbox.wire import Reply, Request

ACTIONS = (
    ("capture", "Capture"),
    ("cancel", "Cancel"),
    ("refund", "Refund"),
    ("cancelOrRefund", "Cancel or refund"),
    ("settle", "Settle"),
    ("chargeback", "Charge back"),
    ("expire", "Expire"),
)


def show(ledger: Ledger, transaction_id: str, *, refusal: str | None = None) -> Reply:
    with ledger.store.transaction():
        transaction = ledger.transaction(transaction_id)
        if transaction is None:
            return frame.page("No such transaction", frame.paragraph("Nothing is known under this id."), status=404)
        catch_up(ledger, transaction)
        executions = ledger.executions(transaction_id)
    return frame.page(
        f"Transaction {transaction.partner_reference or transaction_id}",
        frame.section("Money", _money(transaction)),
        frame.section("Shopper", _shopper(transaction)),
        frame.section("Merchant portal", _portal(transaction)),
        frame.section("Modifications", _modifications(executions)),
        frame.section("Requests", requests.table_of(ledger, transaction_id, prefix="/smartpay")),
        status=422 if refusal else 200,
        refusal=refusal,
    )


def act(ledger: Ledger, transaction_id: str, request: Request) -> Reply:
    """A button of the portal was pressed. A refusal is shown on the same page; nothing has changed then."""
    wished = frame.fields_of(request)
    try:
        _act(ledger, transaction_id, wished)
    except Refused as refused:
        return show(ledger, transaction_id, refusal=f"{frame.sentence_in(refused.reply)} Nothing moved.")
    except (portal.Impossible, BadAmount) as error:
        return show(ledger, transaction_id, refusal=f"{error} Nothing moved.")
    return frame.see(f"/transactions/{transaction_id}")


def _act(ledger: Ledger, transaction_id: str, wished: dict[str, str]) -> None:
    action = wished.get("action", "")
    amount = _amount(ledger, transaction_id, wished.get("amount"))
    if action == "settle":
        portal.settle(ledger, transaction_id=transaction_id)
    elif action == "chargeback":
        portal.charge_back(ledger, transaction_id=transaction_id, amount=amount)
    elif action == "expire":
        portal.expire(ledger, transaction_id=transaction_id)
    elif action == "pay":
        portal.pay(ledger, transaction_id=transaction_id)
    else:
        portal.act(ledger, transaction_id=transaction_id, action=action, amount=amount)


def _amount(ledger: Ledger, transaction_id: str, written: str | None) -> int | None:
    transaction = ledger.transaction(transaction_id)
    if written is None or transaction is None:
        return None
    amount = minor_from_control(written, transaction.currency)
    if amount <= 0:
        raise BadAmount("An amount is more than zero.")
    return amount


def _money(transaction: Transaction) -> str:
    names = ("authorized", "captured", "released", "refunded", "charged_back")
    amounts = [
        (name.replace("_", " ").capitalize(), for_people(getattr(transaction, name), transaction.currency))
        for name in names
    ]
    about = [
        ("Transaction", f"<code>{text(transaction.transaction_id)}</code>"),
        ("Merchant", text(transaction.merchant_key)),
        ("Status", f"<strong>{text(transaction.status)}</strong>"),
        ("Payment reference", f"<code>{text(transaction.reference)}</code>"),
        ("Buyer quotes", f"<code>{text(transaction.transaction_reference or '–')}</code>"),
        ("Method", text(transaction.payment_method)),
        ("Description", text(transaction.description or "–")),
        ("Expires", text(iso(transaction.expires_at) or "–")),
    ]
    return frame.facts([*amounts, *about])


def _portal(transaction: Transaction) -> str:
    explanation = frame.paragraph(
        "What is done here happens behind the dashboard's back, under a modification id it has never seen. "
        "Leave the amount empty for everything."
    )
    return explanation + frame.form(
        f"/transactions/{transaction.transaction_id}",
        frame.choice("Action", "action", ACTIONS),
        frame.field(f"Amount in {transaction.currency}", "amount", kind="amount"),
        button="Do it in the portal",
    )


def _shopper(transaction: Transaction) -> str:
    if transaction.status == "CREATED" and transaction.checkout_token:
        address = f"/smartpay/checkout/{text(transaction.checkout_token)}"
        return f'<p><a href="{address}">Go to the checkout as the shopper</a></p>'
    if not prepayments.is_waiting(transaction):
        return frame.paragraph("There is nothing for the shopper to do.")
    amount = for_people(transaction.authorized, transaction.currency)
    return frame.paragraph(
        f"The buyer was asked to transfer {amount} under the reference {transaction.transaction_reference}."
    ) + frame.form(
        f"/transactions/{transaction.transaction_id}",
        '<input type="hidden" name="action" value="pay">',
        button=f"Pay {amount} as the buyer",
    )


def _modifications(executions: list[Execution]) -> str:
    rows = [
        (
            f"<code>{text(one.modification_id)}</code>",
            text(one.type),
            text(one.status),
            for_people(one.amount, one.currency),
            text(one.origin),
            f"<code>{text(one.reference)}</code>",
            text(iso(one.created_at)),
        )
        for one in executions
    ]
    columns = ("Modification", "Type", "Status", "Amount", "Origin", "Reference", "At")
    return frame.table(columns, rows, label="Modifications")
