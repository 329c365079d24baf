"""What makes a line the same line in another file: a hash of the account, its content and how often it came before.

Two honest identical lines of one file are the first and the second of their kind; a later file that holds the first
again overlaps with it. To know a repeat, memory keeps three bits for each line instead of the line: bits that are set
already only say “perhaps”, and the database, which holds what was written, is asked about those few.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Sequence

from orders.reconciliation.files.normalising import Row

_WORDS = 1 << 21
_WITHIN = _WORDS - 1
_PAIRS = [1 << (bits & 63) | 1 << (bits >> 6) for bits in range(4096)]
"""Two of a word's 64 bits, and a third beside them: all lie in one place of memory, which is looked at once."""

FirstNumbers = Callable[[Sequence[str]], dict[str, int]]
"""Identities (32 hex digits) → the number of the line that holds each, of those that the file holds already."""


class Identities:
    """Gives each line of one file its identity; lines are handed over in their order, some at a time.

    16 MiB however long the file is, and a little for each text that really comes more than once.
    """

    def __init__(self, account_id: int, first_numbers: FirstNumbers) -> None:
        self._start = hashlib.blake2b(f"{account_id}\0".encode(), digest_size=16)
        self._first_numbers = first_numbers
        self._words = array("Q", bytes(8 * _WORDS))
        self._times: dict[str, int] = {}

    def of(self, rows: Sequence[Row]) -> list[str]:
        """The identities of the rows, as 32 hex digits."""
        copy, words, pairs, found, doubtful = self._start.copy, self._words, _PAIRS, list[str](), list[int]()
        for row in rows:
            text = row.identity_text
            digest = copy()
            digest.update(text.encode())
            spread = hash(text)
            place, bits = spread & _WITHIN, pairs[(spread >> 40) & 4095] | 1 << ((spread >> 52) & 63)
            word = words[place]
            if word & bits == bits:
                doubtful.append(len(found))
            else:
                words[place] = word | bits
            found.append(digest.hexdigest())
        if doubtful:
            self._number_repeats(rows, found, doubtful)
        return found

    def _number_repeats(self, rows: Sequence[Row], found: list[str], doubtful: list[int]) -> None:
        firsts: dict[str, int] = {}
        for row, identity in zip(rows, found, strict=True):
            firsts.setdefault(identity, row.number)
        unsure = sorted({found[place] for place in doubtful} - self._times.keys())
        before = self._first_numbers(unsure) if unsure else {}
        for place in doubtful:
            identity, row = found[place], rows[place]
            if min(before.get(identity, row.number), firsts[identity]) == row.number and identity not in self._times:
                continue
            times = self._times[identity] = self._times.get(identity, 1) + 1
            digest = self._start.copy()
            digest.update(f"{row.identity_text}\0{times}".encode())
            found[place] = digest.hexdigest()
