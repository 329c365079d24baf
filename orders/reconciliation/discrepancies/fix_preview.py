"""What a fix would leave in the books, figure by figure, before anything is done. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from orders.modifications.preview import Line, Preview
from orders.money import Money
from orders.reconciliation.discrepancies.fix_facts import Fix

_ENDS_IT = frozenset({Fix.LINK, Fix.ADOPT, Fix.ACCEPT, Fix.CONFIRM})


@dataclass(frozen=True, kw_only=True)
class Books:
    """The payment's money and what of it has not met, in minor units. Without a payment only the last three speak."""

    currency: str = ""
    """Empty where no payment is known."""
    captured: int = 0
    refunded: int = 0
    charged_back: int = 0
    open_to_capture: int = 0
    open_to_refund: int = 0
    """Captured, and neither refunded nor being refunded; a chargeback does not lower it."""
    keeps_open: bool = False
    """Whether the gateway takes further captures after a first one."""
    frozen: bool = False
    unmatched: int = 0
    """What unsettled discrepancies of this payment are worth; without a payment, this one."""
    amount: int = 0
    """What this discrepancy is worth."""
    amount_currency: str = ""


@dataclass(frozen=True, kw_only=True)
class Adopted:
    """The movement that would enter the books; `amount` is positive."""

    kind: str
    amount: int
    currency: str


def preview(fix: Fix, books: Books, adopted: Adopted | None = None) -> Preview:
    """Before and after for every figure, and what else follows, as sentences."""
    if fix is Fix.ADOPT and not books.currency:
        return Preview(lines=(), sentences=(_NO_BOOKS,))
    if fix is Fix.ADOPT and adopted is not None:
        obstacle = why_unbooked(books, adopted)
        after = {} if obstacle else _booked(books, adopted)
        sentences = _sentences_of_adoption(books, adopted, obstacle)
    else:
        after, sentences = {}, (_SENTENCES[fix],)
    return Preview(lines=_lines(fix, books, after), sentences=sentences)


def why_unbooked(books: Books, adopted: Adopted) -> str:
    """Why it would be kept beside the money columns and freeze the payment; empty when it fits."""
    if adopted.currency != books.currency:
        return f"it is in {adopted.currency}, the payment in {books.currency}"
    room = {"capture": books.open_to_capture, "refund": books.open_to_refund}.get(adopted.kind)
    if room is None or adopted.amount <= room:
        return ""
    return f"only {Money(max(0, room), books.currency)} is open to {adopted.kind}"


def _booked(books: Books, adopted: Adopted) -> dict[str, int]:
    column = {"capture": "captured", "refund": "refunded", "chargeback": "charged_back"}[adopted.kind]
    return {column: getattr(books, column) + adopted.amount}


def _sentences_of_adoption(books: Books, adopted: Adopted, obstacle: str) -> tuple[str, ...]:
    what = f"The {adopted.kind} of {Money(adopted.amount, adopted.currency)}"
    if obstacle:
        return (
            f"{what} does not fit: {obstacle}. It is kept beside the books, and the payment freezes until two people "
            "have looked.",
        )
    sentences = [f"{what} is booked as one that was not ours, and the line is linked to it."]
    rest = books.open_to_capture - adopted.amount
    if adopted.kind == "capture" and rest > 0 and not books.keeps_open:
        sentences.append(f"{Money(rest, books.currency)} of the authorization is released.")
    if adopted.kind == "chargeback":
        sentences.append("A chargeback freezes the payment until two people have looked: no further refund before.")
    elif books.frozen:
        sentences.append("The payment stays frozen until two people have looked.")
    return tuple(sentences)


def _lines(fix: Fix, books: Books, after: dict[str, int]) -> tuple[Line, ...]:
    unmatched_after = {True: books.unmatched - books.amount, False: books.unmatched}[fix in _ENDS_IT]
    if fix is Fix.REOPEN:
        unmatched_after = books.unmatched + books.amount
    unmatched = Line(
        name="Not met",
        before=Money(books.unmatched, books.amount_currency),
        after=Money(max(0, unmatched_after), books.amount_currency),
    )
    if not books.currency:
        return (unmatched,)
    columns = ("captured", "refunded", "charged_back")
    before = {name: getattr(books, name) for name in columns}
    changed = {**before, **after}

    def line(name: str, old: int, new: int) -> Line:
        return Line(name=name, before=Money(old, books.currency), after=Money(new, books.currency))

    return (
        *(line(name.replace("_", " ").capitalize(), before[name], changed[name]) for name in columns),
        line("Net", _net(before), _net(changed)),
        unmatched,
    )


def _net(money: dict[str, int]) -> int:
    return money["captured"] - money["refunded"] - money["charged_back"]


_NO_BOOKS = "No payment of this account is known for it, so there are no books that it could enter."
_SENTENCES = {
    Fix.LINK: "No money moves: the line and the movement that you choose are said to be the same. Until then nothing "
    "changes.",
    Fix.ADOPT: "No line shows what would be adopted.",
    Fix.ASK: "What changes is known when the gateway has answered; nothing is sent that moves money.",
    Fix.ACCEPT: "No money moves: the difference stays, is counted as accepted, and asks for nobody any more.",
    Fix.WRITE_OFF: "No money moves, and nothing ends yet: a second person confirms or rejects.",
    Fix.CONFIRM: "No money moves: the amount is counted as written off, and asks for nobody any more.",
    Fix.REJECT: "No money moves: the discrepancy is open again.",
    Fix.REOPEN: "No money moves: the discrepancy asks for somebody again.",
}
