"""A row of cells made a normalised line: compiled once for a file, so that a million rows cost a few seconds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import NamedTuple

from orders.models.settlement import LineType
from orders.reconciliation.files.binding import Binding
from orders.reconciliation.files.cells import Amounts, Dates, currency_code
from orders.reconciliation.files.choices import FeeSign, PayoutSign, Signs, UnknownWords
from orders.reconciliation.files.mapping import IGNORE, Mapping, TypeWord
from orders.reconciliation.files.refusals import BadCell, FileRefused, shown

MOST_REFERENCE = 64
MOST_TEXT = 200
BETWEEN = "\x1f"
IDENTIFYING = (
    *("type", "gross", "fee", "currency", "booked_on"),
    *("reference", "transaction_reference", "gateway_id", "custom_reference", "payout_reference"),
)
_FEE, _PAYOUT, _ADJUSTMENT = LineType.FEE.value, LineType.PAYOUT.value, LineType.ADJUSTMENT.value
_GAINS = {LineType.CAPTURE.value: "A capture", LineType.REVERSAL.value: "A reversed chargeback"}
_LOSSES = {LineType.REFUND.value: "A refund", LineType.CHARGEBACK.value: "A chargeback"}
_LEAVES = {*_LOSSES, _FEE, _PAYOUT}


class Row(NamedTuple):
    """One line. Signed minor units of `currency`, gross = fee + net; `identity_text` is its whole content.

    That content is the fields of IDENTIFYING in their order, with BETWEEN between them; a line with a text of its own
    or an original amount adds those.
    """

    number: int
    identity_text: str
    type: str
    gross: int
    fee: int
    net: int
    currency: str
    booked_on: date
    reference: str
    transaction_reference: str
    gateway_id: str
    custom_reference: str
    payout_reference: str
    original_currency: str
    original_amount: int | None
    text: str


class Tally:
    """What the lines of one currency sum to, normalised and as the file writes it. Minor units."""

    __slots__ = ("fee", "gross", "lines", "net", "written_gross", "written_net")

    def __init__(self) -> None:
        self.lines = self.gross = self.fee = self.net = self.written_gross = self.written_net = 0

    def totals(self) -> dict[str, int]:
        return {"lines": self.lines, "gross": self.gross, "fee": self.fee, "net": self.net}


class Currencies(dict[str, tuple[str, Amounts, Tally]]):
    """Text → currency, the table of its amounts, and its tally."""

    def __init__(self, mapping: Mapping) -> None:
        super().__init__()
        self._mapping = mapping
        self.tallies: dict[str, Tally] = {}
        self._amounts: dict[str, Amounts] = {}

    def __missing__(self, text: str) -> tuple[str, Amounts, Tally]:
        code = currency_code(text, self._mapping)
        amounts = self._amounts.setdefault(code, Amounts(code, self._mapping))
        both = (code, amounts, self.tallies.setdefault(code, Tally()))
        if len(self) < 1_000:
            self[text] = both
        return both


class Words(dict[str, TypeWord]):
    """Word of the type column → what it means."""

    def __init__(self, mapping: Mapping) -> None:
        super().__init__()
        self._types = mapping.types
        self._unknown_is_other = mapping.unknown_words == UnknownWords.OTHER
        if "type" not in mapping.columns:
            self[""] = TypeWord(positive=_PAYOUT, negative=_PAYOUT)

    def __missing__(self, word: str) -> TypeWord:
        meaning = self._types.get(word.strip().casefold())
        if meaning is None:
            if not self._unknown_is_other:
                raise BadCell(f"The profile does not say what the type {shown(word)} means.")
            return TypeWord(positive=LineType.OTHER.value, negative=LineType.OTHER.value)
        self[word] = meaning
        return meaning


Reader = Callable[[int, list[str]], "Row | None"]


def line_reader(mapping: Mapping, binding: Binding, today: date, currencies: Currencies) -> Reader:
    """The function that makes a row's cells a Row, or None for a word that is to be ignored. It uses up the cells.

    It raises BadCell with a sentence for a line that cannot be read, FileRefused for a line of another account. Lines
    read are counted in the tallies of `currencies`.
    """
    width, pick, constants, others = binding.width, binding.pick, binding.constants, binding.others
    dates, words, account = Dates(mapping, today), Words(mapping), mapping.account_value
    markers, figures = _marker_signs(mapping), _figures(mapping, binding)
    made = tuple.__new__

    def read(number: int, cells: list[str]) -> Row | None:
        if len(cells) != width:
            cells[:] = _fitted(cells, width)
        cells += constants
        for place, other in others:
            cells[place] = cells[place] or cells[other]
        (word, gross_text, fee_text, net_text, currency, day_text, reference, transaction, gateway_id, custom, payout,
         their_currency, their_amount, text, marker, whose) = pick(cells)  # fmt: skip
        if account and whose.strip() != account:
            raise FileRefused(
                f"Line {number:,} belongs to {shown(whose)}, and this profile reads files of {shown(account)}."
            )
        meaning = words[word]
        code, amounts, tally = currencies[currency]
        sign = 1 if markers is None else _marked(markers, marker)
        kind, gross, fee, net, written = figures(meaning, amounts, gross_text, fee_text, net_text, sign)
        if kind == IGNORE:
            return None
        booked_on, day = dates[day_text]
        reference, transaction, gateway_id = reference.strip(), transaction.strip(), gateway_id.strip()
        custom, payout, text = custom.strip(), payout.strip(), text.strip()[:MOST_TEXT]
        if len(reference) > 64 or len(transaction) > 64 or len(gateway_id) > 64 or len(custom) > 64 or len(payout) > 64:
            raise BadCell(_too_long(reference, transaction, gateway_id, custom, payout))
        identity = (
            f"{kind}\x1f{gross}\x1f{fee}\x1f{code}\x1f{day}\x1f{reference}\x1f{transaction}\x1f{gateway_id}\x1f{custom}"
            f"\x1f{payout}"
        )
        original_currency, original_amount = "", None
        if their_amount or their_currency or text:
            original_currency, original_amount = _original(their_currency, their_amount, currencies)
            identity = f"{identity}\x1f{original_currency}\x1f{original_amount}\x1f{text}"
        tally.lines += 1
        tally.gross += gross
        tally.fee += fee
        tally.net += net
        tally.written_gross += written[0]
        tally.written_net += written[1]
        parts = (number, identity, kind, gross, fee, net, code, booked_on, reference, transaction, gateway_id, custom,
                 payout, original_currency, original_amount, text)  # fmt: skip
        return made(Row, parts)

    return read


Figures = tuple[str, int, int, int, tuple[int, int]]
FiguresReader = Callable[[TypeWord, Amounts, str, str, str, int], Figures]


def _figures(mapping: Mapping, binding: Binding) -> FiguresReader:
    """The function from the texts of gross, fee and net to kind, gross, fee, net, and gross and net as written."""
    has_gross, has_fee, has_net = (name in binding.present for name in ("gross", "fee", "net"))
    cost = -1 if mapping.fee_sign == FeeSign.NEGATIVE else 1
    unsigned = mapping.signs in (Signs.BY_TYPE, Signs.BY_MARKER)
    by_type, whole = mapping.signs == Signs.BY_TYPE, has_gross and has_fee and has_net
    view = -1 if mapping.signs == Signs.GATEWAY else 1
    payout_view = -1 if mapping.payout_sign == PayoutSign.POSITIVE else 1

    def figures(
        meaning: TypeWord, amounts: Amounts, gross_text: str, fee_text: str, net_text: str, sign: int
    ) -> Figures:
        gross = amounts[gross_text] if has_gross else 0
        fee = amounts[fee_text] * cost if fee_text else 0
        net = amounts[net_text] if has_net else 0
        written = (gross, net)
        if unsigned and (gross < 0 or net < 0):
            raise BadCell("The amount has a sign, though this profile says that amounts have none.")
        kind = meaning.positive if (gross or net) * view * sign >= 0 else meaning.negative
        if kind == _PAYOUT:
            fee = -fee
            sign = (-1 if by_type else sign) if unsigned else payout_view
        else:
            sign = (-1 if kind in _LEAVES else 1) if by_type else sign * view
        gross, net = gross * sign, net * sign
        if not has_gross:
            gross = net + fee
        elif not has_net:
            net = gross - fee
        elif not has_fee:
            fee = gross - net
        elif whole and gross != fee + net:
            raise BadCell("The net is not the gross less the fee.")
        return *_settled(kind, gross, fee, net), written

    return figures


def _settled(kind: str, gross: int, fee: int, net: int) -> tuple[str, int, int, int]:
    """The amounts as this kind of line keeps them: a fee has no gross, a fee given back is an adjustment."""
    if kind == _FEE:
        if net == 0:
            raise BadCell("The line is a fee of nothing.")
        return (kind, 0, -net, net) if net < 0 else (_ADJUSTMENT, net, 0, net)
    if gross <= 0 and kind in _GAINS:
        raise BadCell(f"{_GAINS[kind]} must pay the merchant something; this line does not.")
    if gross >= 0 and kind in _LOSSES:
        raise BadCell(f"{_LOSSES[kind]} must cost the merchant something; this line does not.")
    return kind, gross, fee, net


def _fitted(cells: list[str], width: int) -> list[str]:
    extra = cells[width:]
    if len(cells) > width and not any(cell.strip() for cell in extra):
        return cells[:width]
    what = "columns are shifted" if extra else "it is cut or columns are shifted"
    raise BadCell(f"The row has {len(cells)} cells where the file has {width} columns: {what}.")


def _marker_signs(mapping: Mapping) -> dict[str, int] | None:
    if mapping.signs != Signs.BY_MARKER:
        return None
    debit = {word.casefold(): -1 for word in mapping.debit_words}
    return debit | {word.casefold(): 1 for word in mapping.credit_words}


def _marked(markers: dict[str, int], text: str) -> int:
    sign = markers.get(text.strip().casefold())
    if sign is None:
        raise BadCell(f"{shown(text)} says neither debit nor credit.")
    return sign


def _original(currency: str, amount: str, currencies: Currencies) -> tuple[str, int | None]:
    if not currency.strip():
        if amount.strip():
            raise BadCell("The original amount has no currency.")
        return "", None
    code, amounts, _ = currencies[currency]
    return code, amounts[amount] if amount.strip() else None


def _too_long(*references: str) -> str:
    longest = max(references, key=len)
    return (
        f"The reference {shown(longest, 30)} has {len(longest):,} characters; a reference has {MOST_REFERENCE} at most."
    )
