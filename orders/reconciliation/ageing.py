"""How old a discrepancy is: five ages, the same in every list, picture and figure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True)
class Bucket:
    """Ages from `first` to `last` whole days; the oldest has no last. `name` stands in addresses."""

    name: str
    first: int
    last: int | None
    weight: int
    """How much more urgent a value is for being this old."""

    @property
    def label(self) -> str:
        """`2–3 days`, for people."""
        return f"{self.first - 1}+ days" if self.last is None else f"{self.first}–{self.last} days"

    def newest_day(self, today: date) -> date:
        """The last day on which something of this age happened."""
        return today - timedelta(days=self.first)

    def oldest_day(self, today: date) -> date | None:
        """The first such day; None for the age without an end."""
        return None if self.last is None else today - timedelta(days=self.last)


BUCKETS = (
    Bucket("0-1", 0, 1, 1),
    Bucket("2-3", 2, 3, 2),
    Bucket("4-7", 4, 7, 3),
    Bucket("8-30", 8, 30, 5),
    Bucket("30+", 31, None, 8),
)


def bucket_of(today: date, day: date) -> Bucket:
    """The age of what happened on `day`; what lies ahead is new."""
    age = max(0, (today - day).days)
    return next(bucket for bucket in BUCKETS if bucket.last is None or age <= bucket.last)


def bucket_named(name: str) -> Bucket | None:
    """The bucket of an address. A plus sign that an address turned into a space is understood."""
    return next((bucket for bucket in BUCKETS if bucket.name.replace("+", " ") == name.replace("+", " ")), None)
