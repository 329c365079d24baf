"""Every fix that a discrepancy is offered, with what the books are before and after it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.db.models import Sum

from orders.models import Discrepancy
from orders.models.discrepancy import WORTH
from orders.modifications.preview import Preview
from orders.modifications.situation import capability_of
from orders.reconciliation.discrepancies.counterparts import Choice, choices_of
from orders.reconciliation.discrepancies.fix_facts import MOVES, REASONED, Fix
from orders.reconciliation.discrepancies.fix_preview import Adopted, Books, preview
from orders.reconciliation.discrepancies.fix_rules import may, offered
from orders.reconciliation.discrepancies.writing import asker_of, facts_of

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

WORDS = {
    Fix.LINK: ("Link", "Say that a line and a movement of ours are the same money."),
    Fix.ADOPT: ("Adopt the movement", "Take what the gateway did without us into our books."),
    Fix.ASK: ("Ask the gateway", "Read the payment from its gateway now, and let the next run match again."),
    Fix.ACCEPT: ("Accept the difference", "Leave it as it is, with a reason, up to the account’s limit."),
    Fix.WRITE_OFF: ("Propose to write it off", "Give the amount up; a second person decides."),
    Fix.CONFIRM: ("Confirm the write-off", "Give the amount up, as was proposed by somebody else."),
    Fix.REJECT: ("Reject the write-off", "The discrepancy stays open; whoever proposed may take it back this way."),
    Fix.REOPEN: ("Reopen", "Work on it again; its history stays."),
}


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One fix as a page shows it: what it does, what the books are before and after, and whether it is open."""

    code: str
    title: str
    what: str
    preview: Preview
    allowed: bool
    sentence: str
    """What it needs, or why it is closed and what to do instead."""
    needs_reason: bool
    choices: tuple[Choice, ...] = ()
    """For link: what the other side may be, most alike first; other ids are taken too."""


def offers(discrepancy: Discrepancy, person: User | AnonymousUser) -> list[Offer]:
    """Every fix that fits this type and state, in the order they are tried; closed ones say why.

    The discrepancy comes with account, line, modification, movement, transaction and proposed_by loaded.
    """
    facts, asker, books = facts_of(discrepancy), asker_of(person, discrepancy), books_of(discrepancy)
    adopted = _adopted(discrepancy)
    found = []
    for fix in Fix:
        if not offered(fix, facts):
            continue
        decision = may(fix, facts, asker)
        title, what = WORDS[fix]
        found.append(
            Offer(
                code=fix.value,
                title=title,
                what=what,
                preview=preview(fix, books, adopted),
                allowed=decision.allowed,
                sentence=decision.sentence,
                needs_reason=fix in REASONED,
                choices=choices_of(discrepancy) if fix is Fix.LINK else (),
            )
        )
    return found


def books_of(row: Discrepancy) -> Books:
    """The figures a preview starts from."""
    own = Books(unmatched=row.worth if row.unsettled else 0, amount=row.worth, amount_currency=row.currency)
    transaction = row.transaction
    if transaction is None:
        return own
    others = Discrepancy.objects.unsettled().filter(transaction=transaction, currency=row.currency)
    unmatched = others.aggregate(total=Sum(WORTH))["total"] or 0
    return replace(
        own,
        currency=transaction.currency,
        captured=transaction.captured,
        refunded=transaction.refunded,
        charged_back=transaction.charged_back,
        open_to_capture=transaction.open_to_capture,
        open_to_refund=transaction.captured - transaction.refunded - transaction.refunding,
        keeps_open=capability_of(row.account).multiple_capture,
        frozen=transaction.frozen,
        unmatched=unmatched,
    )


def _adopted(row: Discrepancy) -> Adopted | None:
    if row.line is None or row.line.type not in MOVES:
        return None
    return Adopted(kind=row.line.type, amount=abs(row.line.gross), currency=row.line.currency)
