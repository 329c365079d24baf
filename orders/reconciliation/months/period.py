"""A calendar month of an account, and until when it runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Self

from orders.models import GatewayAccount, SettlementTerms
from orders.reconciliation.calendar import Terms, start_of


@dataclass(frozen=True, order=True)
class Month:
    """`first` is its first day."""

    first: date

    @classmethod
    def of(cls, day: date) -> Self:
        """The month that this day lies in."""
        return cls(day.replace(day=1))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """From “2026-11”. Raises ValueError, also for the months at the end of time, after which none comes."""
        first = datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007  a date has no zone
        if not date.min.year < first.year < date.max.year:
            raise ValueError("no merchant keeps books of that year")
        return cls(first)

    @property
    def until(self) -> date:
        """The first day of the next month."""
        return (self.first + timedelta(days=31)).replace(day=1)

    @property
    def next(self) -> Month:
        """The month after it."""
        return Month(self.until)

    @property
    def previous(self) -> Month:
        """The month before it."""
        return Month.of(self.first - timedelta(days=1))

    def __contains__(self, day: date) -> bool:
        return self.first <= day < self.until

    def __str__(self) -> str:
        return f"{self.first:%Y-%m}"

    @property
    def label(self) -> str:
        """As people say it: “November 2026”."""
        return f"{self.first:%B %Y}"


def terms_of(account: GatewayAccount) -> Terms:
    """The account's calendar; the default one where nobody has set any."""
    return Terms.of(SettlementTerms.objects.filter(account=account).first())


def ends_at(terms: Terms, month: Month) -> datetime:
    """The instant from which on an execution belongs to a later month."""
    return start_of(terms, month.until)
