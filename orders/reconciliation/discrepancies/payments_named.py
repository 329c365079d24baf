"""Whose payment a line is about: the words on it, and the payments they lead to, here or at another account."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from orders.models import GatewayAccount, Reference, ReferenceKind, Transaction
from orders.reconciliation.discrepancies.case import Elsewhere, LineFacts, TransactionFacts
from orders.reconciliation.discrepancies.facts_of_values import PAYMENT_COLUMNS, payment_facts

_NAMING = (
    ReferenceKind.TRANSACTION,
    ReferenceKind.RECONCILIATION,
    ReferenceKind.GATEWAY,
    ReferenceKind.PAYMENT,
    ReferenceKind.PARTNER,
    ReferenceKind.MODIFICATION,
)
_SHARED_BY_MANY = 50
"""A word that leads to more orders than this, such as a shop's name, names no payment."""
_ROWS_MAXIMUM = 25_000


def find_payments(
    account: GatewayAccount, lines: Mapping[int, LineFacts]
) -> tuple[dict[int, TransactionFacts], dict[int, Elsewhere]]:
    """The payment of this account that each line names, else the account that knows the line's names, by the key that
    the line is given under. Four queries at the most.
    """
    payments: dict[int, TransactionFacts] = {}
    strangers: dict[int, Elsewhere] = {}
    named = {key: _names(line) for key, line in lines.items()}
    words = sorted({name for names in named.values() for name in names})
    if not words:
        return payments, strangers
    here, there = _payments_named(account, words)
    for key, names in named.items():
        own = {one.id: one for name in names for one in here.get(name.lower(), ())}
        if len(own) == 1:
            payments[key] = next(iter(own.values()))
        elif not own:
            elsewhere = next((there[name.lower()] for name in names if name.lower() in there), None)
            if elsewhere is not None:
                strangers[key] = elsewhere
    return payments, strangers


def _names(line: LineFacts) -> list[str]:
    told = (line.transaction_reference, line.reference, line.gateway_id, line.custom_reference)
    return [text.strip() for text in told if text.strip()]


def _payments_named(
    account: GatewayAccount, words: Collection[str]
) -> tuple[dict[str, list[TransactionFacts]], dict[str, Elsewhere]]:
    """This account's payments by the words in lower case that lead to them, and other accounts that words lead to."""
    lower = sorted({word.lower() for word in words})
    references = Reference.objects.filter(value__in=lower, kind__in=_NAMING)
    orders: defaultdict[str, set[int]] = defaultdict(set)
    there: dict[str, Elsewhere] = {}
    owners = ("order__account_id", "order__account__name", "order__account__merchant_id")
    read = references.values_list("value", "order_id", *owners)[:_ROWS_MAXIMUM]
    for word, order_id, account_id, name, merchant_id in read:
        if account_id == account.pk:
            orders[word].add(order_id)
        else:
            there[word] = _elsewhere(account, name, merchant_id)
    orders = defaultdict(set, {word: pks for word, pks in orders.items() if len(pks) <= _SHARED_BY_MANY})
    order_ids = {pk for pks in orders.values() for pk in pks}
    by_order: defaultdict[int, list[TransactionFacts]] = defaultdict(list)
    of_orders = Transaction.objects.filter(order_id__in=order_ids, account=account)
    for order_id, *values in of_orders.values_list("order_id", *PAYMENT_COLUMNS):
        by_order[order_id].append(payment_facts(values))
    here = {word: [one for pk in sorted(pks) for one in by_order[pk]] for word, pks in orders.items()}
    named = Transaction.objects.filter(reference__in=words, account__in=_accounts())
    columns = ("account_id", "account__name", "account__merchant_id", *PAYMENT_COLUMNS)
    for account_id, name, merchant_id, *values in named.values_list(*columns):
        payment = payment_facts(values)
        if account_id == account.pk:
            here[payment.reference.lower()] = [payment]
        else:
            there.setdefault(payment.reference.lower(), _elsewhere(account, name, merchant_id))
    return here, there


def _accounts() -> list[int]:
    """All of them, by id, so that the index of an account's references is used."""
    return list(GatewayAccount.objects.values_list("pk", flat=True)[:1000])


def _elsewhere(account: GatewayAccount, name: str, merchant_id: int) -> Elsewhere:
    return Elsewhere(account=name if merchant_id == account.merchant_id else "")
