"""The conservation tick: do all money figures of a transaction add up, and if not, how much is missing where."""

from __future__ import annotations

from dataclasses import dataclass

from orders.money import Money


@dataclass(frozen=True, kw_only=True)
class Books:
    """What our books say about one transaction, read at one moment. Minor units of `currency`."""

    currency: str
    authorized: int
    capturing: int
    captured: int
    released: int
    refunding: int
    refunded: int
    charged_back: int
    captures_sum: int
    """The sum of the capture rows: what `captured` must equal."""
    captures_refunded: int
    """What the capture rows say was refunded from them."""
    open_captures: int
    """The sum of capture modifications without an end: what `capturing` must equal."""
    open_refunds: int
    """The sum of refund modifications without an end: what `refunding` must equal."""

    @property
    def still_open(self) -> int:
        """Authorized and neither captured, being captured nor released. Negative when the books are wrong."""
        return self.authorized - self.captured - self.capturing - self.released

    @property
    def kept(self) -> int:
        """What stays with the merchant once everything pending has succeeded; negative after a double loss."""
        return self.captured - self.refunded - self.refunding - self.charged_back


@dataclass(frozen=True, kw_only=True)
class Unbooked:
    """Money that moved at the gateway and does not fit into our books."""

    kind: str
    amount: Money
    reason: str


@dataclass(frozen=True, kw_only=True)
class Equation:
    """One sum that must hold, as a sentence, with what is missing (zero when it holds)."""

    sentence: str
    missing: Money

    @property
    def holds(self) -> bool:
        """Whether nothing is missing."""
        return self.missing.amount_minor == 0


@dataclass(frozen=True, kw_only=True)
class Conservation:
    """Every equation, what is unbooked, and the one sentence to show."""

    equations: tuple[Equation, ...]
    unbooked: tuple[Unbooked, ...]

    @property
    def holds(self) -> bool:
        """Whether every cent is explained."""
        return not self.unbooked and all(equation.holds for equation in self.equations)

    @property
    def sentence(self) -> str:
        """All figures add up, or the exact amounts that do not."""
        if self.holds:
            return "All figures add up."
        broken = [f"{abs_money(equation.missing)} is missing: {equation.sentence}" for equation in self._broken]
        outside = [f"{line.amount} moved at the gateway and is not in our books." for line in self.unbooked]
        return " ".join(broken + outside)

    @property
    def _broken(self) -> tuple[Equation, ...]:
        return tuple(equation for equation in self.equations if not equation.holds)


def conservation_of(books: Books, unbooked: tuple[Unbooked, ...] = ()) -> Conservation:
    """Check every sum a transaction's figures must satisfy."""
    return Conservation(equations=(*_sums(books), *_mirrors(books)), unbooked=unbooked)


def abs_money(money: Money) -> Money:
    """The amount without its sign."""
    return Money(abs(money.amount_minor), money.currency)


def _sums(books: Books) -> tuple[Equation, ...]:
    return (
        _equation(books, "authorized = captured + being captured + released + still open.", min(0, books.still_open)),
        _equation(books, "captured = kept + refunded + being refunded + charged back.", min(0, books.kept)),
    )


def _mirrors(books: Books) -> tuple[Equation, ...]:
    """Figures kept in two places must be equal in both."""
    return (
        _equation(books, "the captures add up to captured.", books.captures_sum - books.captured),
        _equation(books, "the refunds drawn on captures add up to refunded.", books.captures_refunded - books.refunded),
        _equation(books, "open captures add up to being captured.", books.open_captures - books.capturing),
        _equation(books, "open refunds add up to being refunded.", books.open_refunds - books.refunding),
    )


def _equation(books: Books, sentence: str, missing: int) -> Equation:
    return Equation(sentence=sentence, missing=Money(missing, books.currency))
