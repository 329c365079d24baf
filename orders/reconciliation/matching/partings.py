"""Who took which line and movement apart, when and why, for the people who find them without each other."""

from __future__ import annotations

from orders.models import Match, Rule
from orders.money import Money
from orders.reconciliation.matching.linking import kind_of, signed_of

_REASON_SHOWN = 120
_RELATED = ("line__file", "ended_by", "modification", "movement")
_LARGE = ("modification__body", "modification__headers", "movement__facts")


def stories(account_id: int) -> dict[str, str]:
    """The last parting of each line and each movement as a sentence, by `line:…` and `item:…`, the keys of their
    discrepancies. One query, and another where there is any."""
    found: dict[str, str] = {}
    for match in _standing(account_id):
        item = match.modification or match.movement
        assert item is not None
        reference = f" {item.gateway_reference}" if item.gateway_reference else ""
        ours = f"our {kind_of(item)}{reference} of {Money(abs(signed_of(item)), item.currency)}"
        found[f"line:{match.line.identity}"] = _told(match, ours)
        found[f"item:{_key(match)}"] = _told(match, f"line {match.line.number:,} of {match.line.file.name}")
    return found


def apart(account_id: int) -> frozenset[tuple[str, str]]:
    """Every pair that stands apart: the identity of the line, and the modification's id or `m` and the movement's."""
    return frozenset((str(match.line.identity), _key(match)) for match in _standing(account_id))


def _standing(account_id: int) -> list[Match]:
    """Matches that a person ended and whose two sides no person has linked again since, oldest first."""
    ended = Match.objects.filter(account=account_id, ended_at__isnull=False, ended_by__isnull=False).select_related(
        *_RELATED
    )
    rows = list(ended.defer(*_LARGE).order_by("pk"))
    if not rows:
        return []
    linked = Match.objects.filter(
        transaction_id__in={row.transaction_id for row in rows}, rule=Rule.PERSON, ended_at__isnull=True
    )
    columns = ("line__identity", "modification_id", "movement_id", "pk")
    again = {tuple(sides): pk for *sides, pk in linked.order_by("pk").values_list(*columns)}
    return [row for row in rows if again.get((row.line.identity, row.modification_id, row.movement_id), 0) < row.pk]


def _key(match: Match) -> str:
    return str(match.modification_id or f"m{match.movement_id}")


def _told(match: Match, other: str) -> str:
    who = match.ended_by.get_username() if match.ended_by else "Somebody"
    on = f" on {match.ended_at.day} {match.ended_at:%b %Y}" if match.ended_at else ""
    reason = match.ended_reason
    if len(reason) > _REASON_SHOWN:
        reason = f"{reason[:_REASON_SHOWN].rstrip()}…"
    return f"{who} took it apart from {other}{on}: “{reason}” No run puts them together again."
