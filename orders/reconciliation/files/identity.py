"""What makes a line the same line in another file: a hash of the account, its content and how often it came before.

Two honest identical lines of one file are the first and the second of their kind; a later file that holds the first
again overlaps with it. To know a repeat, memory keeps one bit for each line instead of the line: a bit that is set
already only says “perhaps”, and the database, which holds what was written, is asked about those few.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

_BITS = 27
_PLACES = 1 << (_BITS - 3)
_WITHIN = (1 << _BITS) - 1

FirstNumbers = Callable[[Sequence[str]], dict[str, int]]
"""Identities (32 hex digits) → the number of the line that holds each, of those that the file holds already."""


class Identities:
    """Gives each line of one file its identity; lines are handed over in their order, a chunk at a time.

    16 MiB however long the file is, and a little for each text that really comes more than once.
    """

    def __init__(self, account_id: int, first_numbers: FirstNumbers) -> None:
        self._start = hashlib.blake2b(f"{account_id}\0".encode(), digest_size=16)
        self._first_numbers = first_numbers
        self._bits = bytearray(_PLACES)
        self._times: dict[str, int] = {}

    def of(self, numbered: Sequence[tuple[int, str]]) -> list[str]:
        """The identities of the chunk's (number, text) pairs, as 32 hex digits."""
        start, bits, found, doubtful = self._start, self._bits, [], []
        for place, (_, text) in enumerate(numbered):
            digest = start.copy()
            digest.update(text.encode())
            identity = digest.hexdigest()
            found.append(identity)
            spot = int(identity[:8], 16) & _WITHIN
            mask = 1 << (spot & 7)
            if bits[spot >> 3] & mask:
                doubtful.append(place)
            else:
                bits[spot >> 3] |= mask
        if doubtful:
            self._number_repeats(numbered, found, doubtful)
        return found

    def _number_repeats(self, numbered: Sequence[tuple[int, str]], found: list[str], doubtful: list[int]) -> None:
        firsts: dict[str, int] = {}
        for place, identity in enumerate(found):
            firsts.setdefault(identity, numbered[place][0])
        unsure = sorted({found[place] for place in doubtful} - self._times.keys())
        before = self._first_numbers(unsure) if unsure else {}
        for place in doubtful:
            identity, (number, text) = found[place], numbered[place]
            if min(before.get(identity, number), firsts[identity]) == number and identity not in self._times:
                continue
            times = self._times[identity] = self._times.get(identity, 1) + 1
            digest = self._start.copy()
            digest.update(f"{text}\0{times}".encode())
            found[place] = digest.hexdigest()
