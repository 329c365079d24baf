"""Following something until its end is known: how often to ask, when to stop, and the sentence that says why."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.http import QueryDict

from orders.models import Modification, ModificationState

LIMIT_SECONDS = 30 * 60
# Asked often while the answer is likely, seldom later: (until this many seconds of following, every so many seconds).
PACES = ((60, 1), (5 * 60, 2), (LIMIT_SECONDS, 5))

END_KNOWN = "The end is known, so this page has stopped following."
NEEDS_A_PERSON = "A person must decide now, so this page has stopped following."
TIME_LIMIT = (
    "This page followed for 30 minutes and has stopped; the work itself goes on. "
    "Ask the gateway now, or reload the page to follow again."
)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a polling page says of itself: since when it follows, and a mark of what it shows."""

    since: int
    mark: str

    @classmethod
    def from_query(cls, query: QueryDict, *, now: datetime) -> Seen:
        """Read a poll's address; anything damaged counts as a page that has just begun."""
        text = query.get("since", "")
        readable = text.isascii() and text.isdigit() and len(text) < 12
        return cls(since=int(text) if readable else int(now.timestamp()), mark=query.get("mark", ""))

    @classmethod
    def beginning(cls, *, now: datetime) -> Seen:
        """A page that is drawn now."""
        return cls(since=int(now.timestamp()), mark="")


@dataclass(frozen=True, kw_only=True)
class Following:
    """How the page goes on: polling every `pace_seconds`, or stopped with a sentence."""

    query: str
    mark: str
    pace_seconds: int
    stopped: str
    """Why it stopped; empty while polling."""

    @property
    def polling(self) -> bool:
        """Whether the page asks again by itself."""
        return self.pace_seconds > 0


def follow(
    modifications: Iterable[Modification],
    seen: Seen,
    *,
    now: datetime,
    facts: Iterable[object] = (),
    awaited: bool = False,
) -> Following:
    """What a page that follows these modifications does next. `facts` are what else it shows and must redraw for;
    `awaited`: something may still change although every modification has ended, such as a buyer's payment."""
    rows = list(modifications)
    moving = awaited or any(not row.finished and row.state != ModificationState.REVIEW for row in rows)
    pace = pace_seconds(now.timestamp() - seen.since) if moving else 0
    mark = _mark([pace, *sorted(map(_fingerprint, rows)), *facts])
    return Following(
        query=urlencode({"since": str(seen.since), "mark": mark}),
        mark=mark,
        pace_seconds=pace,
        stopped="" if pace else _why_stopped(rows, still_moving=moving),
    )


def pace_seconds(following_seconds: float) -> int:
    """Every how many seconds to ask; zero once the time limit has passed."""
    return next((pace for until, pace in PACES if following_seconds < until), 0)


def _why_stopped(rows: list[Modification], *, still_moving: bool) -> str:
    if still_moving:
        return TIME_LIMIT
    if any(row.state == ModificationState.REVIEW for row in rows):
        return NEEDS_A_PERSON
    return END_KNOWN


def _fingerprint(row: Modification) -> tuple[str, ...]:
    shown = (row.pk, row.state, row.attempts_made, row.lookups_made, row.due_at, row.reason_text)
    return tuple(map(str, shown))


def _mark(facts: list[object]) -> str:
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
