"""Rows on their way into the table: whatever signs they hold, in turns that are kept, lost or taken back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date

import pytest
from django.db import connection

from orders.models import FileState, SettlementFile, SettlementLine
from orders.models import Source as Channel
from orders.reconciliation.files import pace, writers
from orders.reconciliation.files.loading import Unreadable, load, summary_of
from orders.reconciliation.files.mapping import Mapping, Source
from orders.reconciliation.files.profile import SANDBOX_MAPPING
from orders.reconciliation.files.reading import Limits
from orders.reconciliation.files.receiving import receive
from orders.reconciliation.runs_turns import TurnLost
from tests.factories import an_account
from tests.reconciliation.runs.bringing import line, paper

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 21)
STRANGE = ["back\\slash", "\\N", "\\.", "unit\x1fseparator", "tab\tinside", "é漢🙂", "'quoted'", "%s", "None", "\x7f"]


@pytest.fixture
def small_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every turn takes seven rows, and there is no other."""
    monkeypatch.setattr(writers.Copying, "between_parts", writers.Copying.pause)
    for name in ("_FIRST", "_MOST", "_LEAST"):
        monkeypatch.setattr(pace, name, 7)
    monkeypatch.setattr(writers.Copying, "_at_once", 7)
    monkeypatch.setattr(writers.Copying, "_SECONDS", 0.0)


def a_file(content: bytes) -> SettlementFile:
    taken = receive(an_account(), name="day.csv", chunks=[content], by=None, source=Channel.COMMAND)
    SettlementFile.objects.filter(pk=taken.file.pk).update(state=FileState.LOADING)
    return taken.file


def read(file: SettlementFile, *, turns: Iterator[object] | None = None, mapping: Mapping = SANDBOX_MAPPING) -> None:
    """Load it; each turn takes one of `turns`, and is lost when there is none left."""

    def renew() -> None:
        if turns is not None and next(turns, None) is None:
            raise TurnLost

    load(file, mapping=mapping, limits=Limits(), today=TODAY, renew=renew)


def numbers(file: SettlementFile) -> list[int]:
    return list(SettlementLine.objects.filter(file=file).order_by("number").values_list("number", flat=True))


@pytest.mark.parametrize("strange", STRANGE)
def test_every_sign_arrives_as_it_was_written_beside_plain_lines(strange: str) -> None:
    file = a_file(paper(line("plain", "1.00"), line(strange, "2.00"), line("plain too", "3.00", payout=strange)))

    read(file)

    written = SettlementLine.objects.filter(file=file).order_by("number")
    assert [(one.reference, one.gross, one.payout_reference) for one in written] == [
        ("plain", 100, ""),
        (strange, 200, ""),
        ("plain too", 300, strange),
    ]


def test_a_text_and_an_original_amount_arrive_and_a_line_without_them_has_none() -> None:
    more = {"original_currency": "theirs", "original_amount": "amount", "text": "text"}
    columns = SANDBOX_MAPPING.columns | {field: Source(column=column) for field, column in more.items()}
    header, *rows = paper(*(line(f"R-{number}", "10.00") for number in range(3))).decode().splitlines()
    told = [f"{header},theirs,amount,text", f"{rows[0]},USD,11.50,two\\words", f"{rows[1]},,,", f"{rows[2]},,,None", ""]
    file = a_file("\n".join(told).encode())

    read(file, mapping=replace(SANDBOX_MAPPING, columns=columns))

    written = SettlementLine.objects.filter(file=file).order_by("number")
    assert list(written.values_list("original_currency", "original_amount", "text")) == [
        ("USD", 1150, "two\\words"),
        ("", None, ""),
        ("", None, "None"),
    ]


@pytest.mark.usefixtures("small_turns")
def test_a_turn_that_was_lost_takes_its_rows_back_and_keeps_those_of_the_turns_before() -> None:
    file = a_file(paper(*(line(f"R-{number}", "1.00") for number in range(30))))

    with pytest.raises(TurnLost):
        read(file, turns=iter("ab"))

    assert len(numbers(file)) == 14, "two turns of seven rows"
    assert not connection.needs_rollback


@pytest.mark.usefixtures("small_turns")
def test_the_next_one_goes_on_behind_what_was_kept_and_the_third_changes_nothing() -> None:
    file = a_file(paper(*(line(f"R-{number // 3}", "1.00") for number in range(30))))
    with suppress(TurnLost):
        read(file, turns=iter("abc"))
    kept = list(SettlementLine.objects.filter(file=file).order_by("number").values_list("pk", "identity"))
    assert len(kept) == 21

    read(file)

    everything = list(SettlementLine.objects.filter(file=file).order_by("number").values_list("pk", "identity"))
    assert everything[:21] == kept
    assert len(everything) == 30
    assert len({identity for _, identity in everything}) == 30, "the second and third of three alike know their place"
    read(file)
    assert list(SettlementLine.objects.filter(file=file).order_by("number").values_list("pk", "identity")) == everything


@pytest.mark.usefixtures("small_turns")
def test_a_file_longer_than_a_stored_part_is_read_while_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orders.reconciliation.files.storing.PART_BYTES", 500)
    file = a_file(paper(*(line(f"R-{number}", "1.00") for number in range(100))))
    assert file.parts.count() > 10

    read(file)

    assert numbers(file) == list(range(2, 102))
    assert summary_of(file).totals == {"EUR": {"lines": 100, "gross": 10_000, "fee": 0, "net": 10_000}}
    file.refresh_from_db()
    assert (file.rows_read, file.bytes_read) == (100, file.size)


@pytest.mark.parametrize("nothing", [",,,", "", "garbage"])
def test_the_turn_is_kept_while_rows_go_by_of_which_none_is_taken(
    monkeypatch: pytest.MonkeyPatch, nothing: str
) -> None:
    monkeypatch.setattr(writers, "_SILENCE_SECONDS", 0.0)
    monkeypatch.setattr(writers.Copying, "_SECONDS", 0.0)
    file = a_file(paper(line("R-1", "1.00")) + f"{nothing}\n".encode() * 5_500)
    renewed = list[bool]()

    with suppress(Unreadable):
        load(
            file,
            mapping=SANDBOX_MAPPING,
            limits=Limits(bad_lines=9_000),
            today=TODAY,
            renew=lambda: renewed.append(True),
        )

    assert len(renewed) >= 5, "one part holds them all"
