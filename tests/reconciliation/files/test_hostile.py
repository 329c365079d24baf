"""Whatever is uploaded: a sentence that says that nothing counts, never another exception, memory flat."""

from __future__ import annotations

import itertools
import tracemalloc
from collections.abc import Iterator

import pytest

from orders.reconciliation.files.profile import SANDBOX_MAPPING
from orders.reconciliation.files.reading import BadLine, FileRefused, Limits, Reading
from tests.reconciliation.files.corpus import CASES, CLOSED
from tests.reconciliation.files.papers import (
    CAPTURE,
    HEADER,
    TODAY,
    WITH_TRAILER,
    packed,
    read,
    refusal,
    rows,
    table,
    workbook,
)


def test_the_corpus_is_large_enough() -> None:
    assert len(CASES) >= 45


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_file_is_refused_with_a_sentence(name: str) -> None:
    content, mapping, word = CASES[name]
    sentence = refusal(content, mapping)
    assert word in sentence
    assert sentence.endswith(".")
    assert sentence.isprintable()
    assert len(sentence) < 2000


@pytest.mark.parametrize("piece", [1, 7, 4096])
def test_the_pieces_it_comes_in_make_no_difference(piece: int) -> None:
    assert rows(CLOSED, WITH_TRAILER, piece=piece) == rows(CLOSED, WITH_TRAILER)
    assert rows(packed(CLOSED), WITH_TRAILER, piece=piece) == rows(CLOSED, WITH_TRAILER)


@pytest.mark.parametrize("percent", range(100))
def test_a_file_cut_at_any_percent_is_refused(percent: int) -> None:
    many = table([CAPTURE] * 40 + [("TRAILER", "40", "", "", "4000.00", "60.00", "3940.00", "EUR", "", "")]).encode()
    for content in (many, packed(many), workbook([CAPTURE] * 40)):
        assert refusal(content[: len(content) * percent // 100], WITH_TRAILER)
    assert refusal(many, WITH_TRAILER) == ""
    assert refusal(packed(many), WITH_TRAILER) == ""


def test_a_missing_end_of_the_last_line_is_no_cut() -> None:
    assert rows(table().encode().rstrip(b"\n")) == rows(table().encode())


def test_more_bad_lines_than_the_limit_end_the_reading() -> None:
    content = table([CAPTURE[:-1]] * 30).encode()
    assert len(read(content, limits=Limits(bad_lines=30))) == 30
    assert "More than 29 lines" in refusal(content, limits=Limits(bad_lines=29))


def test_blank_lines_are_skipped_but_not_for_ever() -> None:
    content = table().encode() + b"\n" * 50 + b",,,,,,,,,\n" * 50
    assert rows(content) == rows(table().encode())
    assert "more than 40 lines" in refusal(content, limits=Limits(rows=40))


def test_limits_of_size_and_rows_hold() -> None:
    content = table([CAPTURE] * 30).encode()
    assert "more than 29 lines" in refusal(content, limits=Limits(rows=29))
    assert "larger than" in refusal(content, limits=Limits(raw_bytes=1000))
    assert "holds more than" in refusal(packed(content), limits=Limits(unpacked_bytes=1000))
    assert refusal(content, limits=Limits(rows=30, raw_bytes=len(content))) == ""


def test_memory_stays_flat_over_two_hundred_thousand_lines() -> None:
    line = ",".join(CAPTURE[1:])

    def pieces() -> Iterator[bytes]:
        yield (",".join(HEADER) + "\n").encode()
        for start in range(0, 200_000, 1_000):
            yield "".join(f"rec-{start + more},{line}\n" for more in range(1_000)).encode()

    reading = Reading(pieces(), SANDBOX_MAPPING, today=TODAY)
    lines = iter(reading)
    assert sum(1 for _ in itertools.islice(lines, 180_000)) == 180_000
    tracemalloc.start()
    try:
        count = sum(1 for line in lines if not isinstance(line, BadLine))
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 20_000
    assert most < 3 * 1024**2


def test_a_gigantic_line_never_fills_the_memory() -> None:
    reading = Reading((b"x" * 65_536 for _ in range(2_000)), SANDBOX_MAPPING, today=TODAY)
    tracemalloc.start()
    try:
        with pytest.raises(FileRefused, match="longer than"):
            list(reading)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 16 * 1024**2
