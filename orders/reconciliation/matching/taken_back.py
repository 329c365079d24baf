"""Movements that a settlement file listed which was replaced since: what it said of them, and what says it now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from orders.models import Evidence, EvidenceSource, FileState, Match


@dataclass(frozen=True, kw_only=True)
class TakenBack:
    """The line that a movement had met, in a file that no longer counts, and the file that took its place."""

    file_name: str
    version: int
    line_number: int
    instead: str
    """What took its place, as “version 2”."""
    alone: bool
    """No other channel than settlement files ever said that it succeeded."""

    @property
    def sentence(self) -> str:
        """For staff."""
        told = (
            f"It was settled on the word of line {self.line_number:,} of {self.file_name}, version {self.version}; "
            f"{self.instead} took its place, and no line of it is this movement."
        )
        return f"{told} No other channel says that it succeeded, so ask the gateway." if self.alone else told


def taken_back(transaction_ids: Collection[int]) -> dict[str, TakenBack]:
    """The last such line of each movement of these payments, by the modification's id or `m` and the movement's.

    It says nothing about whether another line counts for the movement; the caller asks about those that have none. Two
    queries.
    """
    rows = Match.objects.filter(
        transaction_id__in=transaction_ids,
        ended_at__isnull=True,
        line__overlap=False,
        line__file__state=FileState.REPLACED,
    )
    last = {
        str(row.modification_id or f"m{row.movement_id}"): row
        for row in rows.select_related("line__file__replaced_by").order_by("pk")
    }
    alone = _proven_by_files_alone({row.modification_id for row in last.values() if row.modification_id})
    return {
        key: TakenBack(
            file_name=row.line.file.name,
            version=row.line.file.version,
            line_number=row.line.number,
            instead=_instead(row),
            alone=row.modification_id in alone,
        )
        for key, row in last.items()
    }


def _instead(match: Match) -> str:
    file, after = match.line.file, match.line.file.replaced_by
    return f"version {after.version}" if after.name == file.name else f"{after.name}, version {after.version},"


def _proven_by_files_alone(modification_ids: Collection[UUID]) -> set[UUID]:
    told = Evidence.objects.filter(modification_id__in=modification_ids, verdict="succeeded")
    sources: defaultdict[UUID, set[str]] = defaultdict(set)
    for modification_id, source in told.values_list("modification_id", "source"):
        sources[modification_id].add(source)
    return {key for key, found in sources.items() if found == {EvidenceSource.SETTLEMENT.value}}
