"""The trailer: what a file says of itself at its end, compared with what was read."""

from __future__ import annotations

from collections.abc import Mapping as AbstractMapping
from collections.abc import Sequence

from orders.money import Money
from orders.reconciliation.files.cells import Amounts, currency_code
from orders.reconciliation.files.mapping import Mapping, Trailer
from orders.reconciliation.files.normalising import Tally
from orders.reconciliation.files.refusals import BadCell, FileRefused, shown


class Closing:
    """Collects the trailer's rows and holds the file to them."""

    def __init__(self, mapping: Mapping, trailer: Trailer) -> None:
        self._mapping = mapping
        self._trailer = trailer
        self._rows: list[tuple[int, list[str]]] = []

    def takes(self, number: int, cells: list[str]) -> bool:
        """Whether the row belongs to the trailer. Raises FileRefused for a line that follows the trailer."""
        at = self._trailer.marker_at - 1
        if at < len(cells) and cells[at].strip() == self._trailer.marker:
            self._rows.append((number, cells))
            if len(self._rows) > 300:
                raise FileRefused("The file has more than 300 trailer rows.")
            return True
        if self._rows and any(cell.strip() for cell in cells):
            raise FileRefused(f"Line {number:,} follows the trailer: two files were put together, or rows moved.")
        return False

    def hold(self, rows: int, tallies: AbstractMapping[str, Tally], *, sums: bool) -> None:
        """Raise FileRefused unless the trailer fits; without `sums` (some lines were unreadable) only the counts."""
        if not self._rows:
            if self._trailer.required:
                raise FileRefused(
                    f"The closing row {shown(self._trailer.marker)} is missing: the file was cut on its way."
                )
            return
        said = set[str]()
        for number, cells in self._rows:
            currency = self._currency(number, cells, tallies)
            said.add(currency)
            self._count(number, cells, rows, tallies.get(currency) or Tally())
            if sums:
                self._sums(number, cells, currency, tallies.get(currency) or Tally())
        held = {code for code, tally in tallies.items() if tally.lines}
        if self._trailer.currency_at and held - said:
            raise FileRefused(
                f"The trailer does not speak of {', '.join(sorted(held - said))}: the file was cut on its way."
            )

    def _cell(self, number: int, cells: Sequence[str], at: int) -> str:
        if at > len(cells) or not cells[at - 1].strip():
            raise FileRefused(f"The trailer in line {number:,} lacks its column {at}: the file was cut on its way.")
        return cells[at - 1].strip()

    def _currency(self, number: int, cells: list[str], tallies: AbstractMapping[str, Tally]) -> str:
        if self._trailer.currency_at:
            try:
                return currency_code(self._cell(number, cells, self._trailer.currency_at), self._mapping)
            except BadCell as problem:
                raise FileRefused(f"The trailer in line {number:,}: {problem}") from problem
        held = [code for code, tally in tallies.items() if tally.lines]
        if len(held) > 1 and (self._trailer.gross_at or self._trailer.net_at):
            raise FileRefused("The trailer sums up one currency, and the file holds several.")
        return held[0] if held else self._mapping.default_currency or self._mapping.only_currency or "EUR"

    def _count(self, number: int, cells: list[str], rows: int, tally: Tally) -> None:
        if not self._trailer.count_at:
            return
        text = self._cell(number, cells, self._trailer.count_at)
        if not (text.isascii() and text.isdigit() and len(text) < 16):
            raise FileRefused(f"The trailer in line {number:,} should count lines and says {shown(text)}.")
        found = tally.lines if self._trailer.count_per_currency else rows
        if int(text) != found:
            raise FileRefused(f"The trailer counts {int(text):,} lines, and {found:,} were read.")

    def _sums(self, number: int, cells: list[str], currency: str, tally: Tally) -> None:
        amounts = Amounts(currency, self._mapping)
        for what, at, found in (
            ("gross", self._trailer.gross_at, tally.written_gross),
            ("net", self._trailer.net_at, tally.written_net),
        ):
            if not at:
                continue
            try:
                said = amounts[self._cell(number, cells, at)]
            except BadCell as problem:
                raise FileRefused(f"The trailer in line {number:,}: {problem}") from problem
            if said != found:
                sums = Money(found, currency)
                raise FileRefused(f"The trailer's {what} is {Money(said, currency)}, and the lines read sum to {sums}.")
