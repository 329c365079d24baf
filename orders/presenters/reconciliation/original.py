"""A line as it stands in its file: the header's words beside the cells, untouched. Read from the stored bytes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from orders.models import SettlementLine
from orders.reconciliation.files.mapping import Mapping
from orders.reconciliation.files.plain import BadMapping
from orders.reconciliation.files.profile import SANDBOX_MAPPING
from orders.reconciliation.files.reading import FileRefused, Reading
from orders.reconciliation.files.storing import content_of

LOOKED_THROUGH = 50_000
"""So many lines are read to find one; what stands further down is found in the downloaded original."""
_TOO_FAR = f"The line stands below line {LOOKED_THROUGH:,}; download the original to see it as it came."
_UNREADABLE = "The row cannot be shown here; download the original to see it as it came."


@dataclass(frozen=True, kw_only=True)
class Original:
    """The cells of the row under their headings, or a sentence why they are not shown."""

    cells: tuple[tuple[str, str], ...] = ()
    sentence: str = ""


def original_of(line: SettlementLine, *, today: date) -> Original:
    """The line with its file and the file's profile loaded."""
    if line.number > LOOKED_THROUGH:
        return Original(sentence=_TOO_FAR)
    profile = line.file.profile
    try:
        mapping = Mapping.from_json(profile.mapping) if profile is not None else SANDBOX_MAPPING
        table = Reading(content_of(line.file_id), mapping, today=today).open()
        cells = next((cells for number, cells in table.rows if number >= line.number), None)
    except (FileRefused, BadMapping):
        return Original(sentence=_UNREADABLE)
    if cells is None:
        return Original(sentence=_UNREADABLE)
    names = table.header or [f"Column {number}" for number in range(1, len(cells) + 1)]
    return Original(cells=tuple(zip(names, cells, strict=False)))
