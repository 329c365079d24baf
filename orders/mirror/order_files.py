"""A shop's file of orders, CSV or JSON lines: read whole and checked line by line before anything is taken over."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

from orders.mirror.ingest import OrderRow
from orders.mirror.order_lines import BadLine, order_row, read_json_line
from orders.models import GatewayAccount, Order, Transaction
from orders.money import Money

FILE_BYTES = 32 * 1024 * 1024
LINE_BYTES = 64 * 1024
ORDERS_MAXIMUM = 2_000
"""A file is taken over in one database transaction, which must not keep the workers waiting for long."""
COLUMNS = (
    *("reference", "currency", "amount", "customer_name", "customer_email", "placed_at"),
    *("transactionId", "partnerReference", "transactionAmount", "paymentMethod", "cardReference", "authorized"),
)
_REQUIRED = ("reference", "currency", "amount", "transactionId")
_CHUNK = 400


class FileRefused(ValueError):
    """The file as a whole cannot be read; the message is a sentence."""


@dataclass(kw_only=True)
class OrderFile:
    """What a file holds: `rows` by the number of their first line, and a sentence for each bad line."""

    rows: dict[int, OrderRow] = field(default_factory=dict)
    bad_lines: dict[int, str] = field(default_factory=dict)


def read_order_file(path: Path) -> OrderFile:
    """Read and check the file by itself. Raises FileRefused."""
    try:
        with path.open("rb") as file:
            return _read(file, path)
    except OSError as error:
        raise FileRefused(f"{path} cannot be read ({error.strerror}); nothing was imported.") from error


def check_against_books(found: OrderFile, account: GatewayAccount) -> None:
    """Turn rows that contradict orders already known into bad lines."""
    numbers = {row.reference: number for number, row in found.rows.items()}
    for order in _known_orders(account, list(numbers)):
        row = found.rows[numbers[order.reference]]
        if (order.currency, order.amount) != (row.currency, row.amount):
            known = Money(order.amount, order.currency)
            found.bad_lines[numbers[order.reference]] = f"The order is already known with {known}."
    owners = {one.reference: (number, row) for number, row in found.rows.items() for one in row.transactions}
    for transaction in _known_transactions(account, list(owners)):
        number, row = owners[transaction.reference]
        if transaction.order.reference != row.reference:
            owner = transaction.order.reference
            found.bad_lines[number] = f"Transaction {transaction.reference} already belongs to order {owner}."


def _read(file: BinaryIO, path: Path) -> OrderFile:
    start = file.read(4)
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise FileRefused(f"{path} is UTF-16; save it as UTF-8. Nothing was imported.")
    if file.seek(0, 2) > FILE_BYTES:
        raise FileRefused(f"{path} is larger than {FILE_BYTES // 1024**2} MiB; split it. Nothing was imported.")
    file.seek(3 if start[:3] == b"\xef\xbb\xbf" else 0)
    found = OrderFile()
    lines = _Lines(file, found)
    first = lines.peek().strip()
    if not first and not found.bad_lines:
        raise FileRefused(f"{path} holds no orders; nothing was imported.")
    if first.startswith("["):
        raise FileRefused(f"{path} is one JSON list; write one object per line. Nothing was imported.")
    _Collector(found).collect(_json_rows(lines, found) if first.startswith("{") else _csv_rows(lines, found))
    if not found.rows and not found.bad_lines:
        raise FileRefused(f"{path} holds no orders; nothing was imported.")
    if len(found.rows) > ORDERS_MAXIMUM:
        raise FileRefused(f"{path} holds more than {ORDERS_MAXIMUM} orders; split it. Nothing was imported.")
    return found


class _Lines:
    """The decoded lines with their numbers; one that is too long, no UTF-8 or holds a NUL is bad and comes as empty."""

    def __init__(self, file: BinaryIO, found: OrderFile) -> None:
        self._file = file
        self._found = found
        self._waiting: list[str] = []
        self.number = 0

    def peek(self) -> str:
        """The first line that says something, kept for the reader."""
        while line := next(self, None):
            self._waiting.append(line)
            if line.strip():
                break
        self.number = 0
        return self._waiting[-1] if self._waiting else ""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self.number += 1
        if self._waiting and self.number <= len(self._waiting):
            return self._waiting[self.number - 1]
        raw = self._file.readline(LINE_BYTES + 1)
        if not raw:
            raise StopIteration
        if len(raw) > LINE_BYTES:
            while raw and not raw.endswith(b"\n"):
                raw = self._file.readline(LINE_BYTES)
            return self._bad(f"It is longer than {LINE_BYTES // 1024} KiB.")
        if b"\0" in raw:
            return self._bad("It holds a NUL character.")
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            return self._bad("It is not UTF-8 text.")

    def _bad(self, sentence: str) -> str:
        self._found.bad_lines[self.number] = sentence
        return "\n"


Numbered = tuple[int, Callable[[], OrderRow]]


def _json_rows(lines: _Lines, found: OrderFile) -> Iterator[Numbered]:
    for line in lines:
        if line.strip():
            yield lines.number, lambda text=line: order_row(read_json_line(text))  # type: ignore[misc]


def _csv_rows(lines: _Lines, found: OrderFile) -> Iterator[Numbered]:
    """Records may span lines inside quotation marks; a record's number is that of its last line."""
    header = next((line for line in lines if line.strip()), "")
    names = _column_names(header)
    reader = csv.reader(lines, delimiter=_delimiter(header), strict=True)
    while True:
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            found.bad_lines[lines.number] = f"It is not valid CSV: {error}."
            continue
        if record:
            yield lines.number, lambda cells=record: _csv_order(names, cells)  # type: ignore[misc]


def _delimiter(header: str) -> str:
    return ";" if header.count(";") > header.count(",") else ","


def _column_names(header: str) -> list[str]:
    names = [name.strip() for name in next(csv.reader([header], delimiter=_delimiter(header)), [])]
    unknown = [name for name in names if name not in COLUMNS]
    if unknown or len(set(names)) != len(names):
        wrong = f"“{unknown[0][:40]}”" if unknown else "a repeated one"
        raise FileRefused(f"The first line names the columns {', '.join(COLUMNS)}; {wrong} is not among them.")
    missing = [name for name in _REQUIRED if name not in names]
    if missing:
        raise FileRefused(f"The column {missing[0]} is missing in the first line; nothing was imported.")
    return names


def _csv_order(names: Sequence[str], cells: Sequence[str]) -> OrderRow:
    if len(cells) != len(names):
        raise BadLine(f"It has {len(cells)} cells; the first line names {len(names)} columns.")
    given = dict(zip(names, cells, strict=True))
    own = ("transactionId", "partnerReference", "paymentMethod", "cardReference", "authorized")
    transaction: dict[str, str] = {name: given.pop(name) for name in own if name in given}
    transaction["amount"] = given.pop("transactionAmount", "") or given["amount"]
    line: Mapping[str, Any] = {**given, "transactions": [transaction]}
    return order_row(line)


class _Collector:
    """Puts the rows together: lines of one order in CSV are merged, anything said twice is refused."""

    def __init__(self, found: OrderFile) -> None:
        self._found = found
        self._orders: dict[str, int] = {}
        self._transactions: dict[str, int] = {}

    def collect(self, numbered: Iterator[Numbered]) -> None:
        for number, read in numbered:
            try:
                self._add(number, read())
            except BadLine as problem:
                self._found.bad_lines[number] = str(problem)

    def _add(self, number: int, row: OrderRow) -> None:
        for one in row.transactions:
            if one.reference in self._transactions:
                raise BadLine(
                    f"Transaction {one.reference} already stands on line {self._transactions[one.reference]}."
                )
        first = self._orders.setdefault(row.reference, number)
        known = self._found.rows.get(first)
        if known is not None:
            row = self._merged(known, row, first)
        self._found.rows[first] = row
        self._transactions.update(
            (one.reference, number) for one in row.transactions if one.reference not in self._transactions
        )

    @staticmethod
    def _merged(known: OrderRow, row: OrderRow, first: int) -> OrderRow:
        if replace(known, transactions=()) != replace(row, transactions=()):
            raise BadLine(f"Order {row.reference} already stands on line {first} with other facts.")
        return replace(known, transactions=known.transactions + row.transactions)


def _known_orders(account: GatewayAccount, references: list[str]) -> Iterator[Order]:
    for start in range(0, len(references), _CHUNK):
        yield from Order.objects.filter(account=account, reference__in=references[start : start + _CHUNK])


def _known_transactions(account: GatewayAccount, references: list[str]) -> Iterator[Transaction]:
    for start in range(0, len(references), _CHUNK):
        part = references[start : start + _CHUNK]
        yield from Transaction.objects.filter(account=account, reference__in=part).select_related("order")
