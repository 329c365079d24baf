"""A file comes in piece by piece: gaps, repeats, cuts and giants change nothing, and bytes are kept as they came."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from unittest.mock import patch

import pytest
from django.conf import LazySettings

from orders.database import database_now
from orders.models import Event, FileState, MonthClose, MonthState, SettlementFile, SettlementFilePart, Source
from orders.modifications.refusals import Refused
from orders.reconciliation.files.receiving import (
    append_part,
    begin_upload,
    finish_upload,
    receive,
)
from orders.reconciliation.files.storing import PART_BYTES, content_of, forget
from orders.reconciliation.files.uploads import UploadGone, forget_stale_uploads, forget_upload
from tests.factories import a_person, an_account
from tests.reconciliation_factories import a_profile

pytestmark = pytest.mark.django_db


def an_upload(size: int | None = None) -> SettlementFile:
    return begin_upload(an_account(), name="day.csv", expected_size=size, by=None, source=Source.COMMAND)


def test_pieces_become_one_file_with_the_hash_of_the_whole() -> None:
    file = an_upload(6)

    assert append_part(file, offset=0, content=b"abc") == 3
    assert append_part(file, offset=3, content=b"def") == 6
    received = finish_upload(file)

    assert received.new
    assert received.file.state == FileState.WAITING
    assert received.file.sha256 == hashlib.sha256(b"abcdef").hexdigest()
    assert b"".join(content_of(file.pk)) == b"abcdef"
    assert Event.objects.get(verb="settlement.received").details["sha256"] == received.file.sha256


def test_a_piece_that_came_before_or_too_early_changes_nothing() -> None:
    file = an_upload(6)
    append_part(file, offset=0, content=b"abc")

    assert append_part(file, offset=0, content=b"abc") == 3
    assert append_part(file, offset=5, content=b"f") == 3
    assert b"".join(content_of(file.pk)) == b"abc"


def test_a_cut_upload_is_not_taken_and_can_go_on() -> None:
    file = an_upload(6)
    append_part(file, offset=0, content=b"abc")

    with pytest.raises(Refused, match="3 of 6 bytes"):
        finish_upload(file)

    append_part(file, offset=3, content=b"def")
    assert finish_upload(file).new


def test_finishing_twice_is_finishing_once() -> None:
    file = an_upload()
    append_part(file, offset=0, content=b"abc")
    finish_upload(file)

    again = finish_upload(file)

    assert not again.new
    assert append_part(file, offset=3, content=b"more") == 3
    assert Event.objects.filter(verb="settlement.received").count() == 1


def test_an_empty_file_is_not_taken() -> None:
    with pytest.raises(Refused, match="empty"):
        receive(an_account(), name="x", chunks=[b"", b""], by=None, source=Source.COMMAND)
    assert not SettlementFile.objects.exists()


def test_a_file_beyond_the_limit_is_refused_at_the_first_byte_too_many(settings: LazySettings) -> None:
    settings.SETTLEMENT_MAX_MIB = 1

    with pytest.raises(Refused, match="larger than the 1 MiB"):
        an_upload(PART_BYTES + 1)
    with pytest.raises(Refused, match="larger than the 1 MiB"):
        receive(an_account(), name="x", chunks=[b"x" * PART_BYTES, b"y"], by=None, source=Source.COMMAND)
    assert not SettlementFile.objects.exists()
    assert not SettlementFilePart.objects.exists()


def test_a_long_file_is_kept_in_parts_as_it_came() -> None:
    content = bytes(range(256)) * 5000

    chunks = [content[:1000], content[1000:]]
    file = receive(an_account(), name="x", chunks=chunks, by=None, source=Source.COMMAND).file

    assert file.parts.count() == 2
    assert b"".join(content_of(file.pk)) == content


def test_what_breaks_on_the_way_leaves_nothing() -> None:
    def broken() -> list[bytes]:
        raise OSError("the line is dead")

    with pytest.raises(OSError, match="dead"):
        receive(an_account(), name="x", chunks=(part for part in broken()), by=None, source=Source.COMMAND)
    assert not SettlementFile.objects.exists()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\files\\day.csv", "day.csv"),
        ("a\x00b\n.csv", "ab.csv"),
        ("", "settlement"),
        ("x" * 300, "x" * 200),
    ],
)
def test_a_name_is_only_a_name(given: str, kept: str) -> None:
    assert begin_upload(an_account(), name=given, by=None, source=Source.COMMAND).name == kept


def test_a_closed_month_takes_no_file() -> None:
    account, one, two = an_account(), a_person(), a_person()
    now = database_now()
    MonthClose.objects.create(
        merchant=account.merchant,
        account=account,
        month=date(2026, 10, 1),
        until=date(2026, 11, 1),
        state=MonthState.CLOSED,
        report={},
        proposed_by=one,
        proposed_at=now,
        decided_by=two,
        decided_at=now,
    )

    with pytest.raises(Refused, match="October 2026 is closed"):
        begin_upload(account, name="x", business_date=date(2026, 10, 31), by=None, source=Source.COMMAND)
    assert begin_upload(account, name="x", business_date=date(2026, 11, 1), by=None, source=Source.COMMAND).pk


def test_the_only_active_profile_reads_the_file_and_two_ask_which() -> None:
    account = an_account()
    first = a_profile(account)
    assert begin_upload(account, name="x", by=None, source=Source.COMMAND).profile == first

    second = a_profile(account)
    with pytest.raises(Refused, match="several active profiles"):
        begin_upload(account, name="x", by=None, source=Source.COMMAND)
    assert begin_upload(account, name="x", profile=second, by=None, source=Source.COMMAND).profile == second
    with pytest.raises(Refused, match="another account"):
        begin_upload(an_account(), name="x", profile=second, by=None, source=Source.COMMAND)


def test_an_upload_that_nobody_goes_on_with_is_forgotten_and_no_other() -> None:
    old, young, whole = an_upload(), an_upload(), an_upload()
    for file in (old, whole):
        append_part(file, offset=0, content=b"abc")
        SettlementFile.objects.filter(pk=file.pk).update(received_at=database_now() - timedelta(days=2))
    finish_upload(whole)

    assert forget_stale_uploads() == 1

    assert set(SettlementFile.objects.all()) == {young, whole}
    forget_upload(whole)
    forget_upload(young)
    assert set(SettlementFile.objects.all()) == {whole}


def test_nothing_is_appended_beyond_what_was_told() -> None:
    file = an_upload(3)
    append_part(file, offset=0, content=b"abc")

    with pytest.raises(Refused, match="none of the file"):
        append_part(file, offset=3, content=b"d")

    assert b"".join(content_of(file.pk)) == b"abc"


@pytest.mark.parametrize("day", [date(1, 1, 1), date(1999, 12, 31), date(9999, 12, 31)])
def test_a_day_that_no_file_can_be_of_is_refused_before_a_byte_is_taken(day: date) -> None:
    with pytest.raises(Refused, match="No settlement file is of"):
        begin_upload(an_account(), name="day.csv", business_date=day, by=None, source=Source.COMMAND)

    assert not SettlementFile.objects.exists()


def test_a_file_that_another_request_finished_meanwhile_is_neither_lost_nor_read_again() -> None:
    file = an_upload(3)
    append_part(file, offset=0, content=b"abc")

    def finish_first(file_id: int) -> str:
        digest = hashlib.sha256(b"abc").hexdigest()
        SettlementFile.objects.filter(pk=file_id).update(sha256=digest, state=FileState.LOADING)
        return digest

    with patch("orders.reconciliation.files.storing.sha256_of", finish_first):
        received = finish_upload(file)

    assert (received.new, received.file.pk) == (False, file.pk)
    file.refresh_from_db()
    assert file.state == FileState.LOADING
    assert b"".join(content_of(file.pk)) == b"abc"


def test_a_file_that_grew_while_it_was_hashed_does_not_wait_under_the_wrong_hash() -> None:
    file = an_upload()
    append_part(file, offset=0, content=b"abc")

    def grow(file_id: int) -> str:
        append_part(file, offset=3, content=b"def")
        return hashlib.sha256(b"abc").hexdigest()

    with patch("orders.reconciliation.files.storing.sha256_of", grow), pytest.raises(Refused, match="changed while"):
        finish_upload(file)

    assert SettlementFile.objects.get().state == FileState.RECEIVING


@pytest.mark.parametrize("deleted", [False, True])
def test_what_was_given_up_meanwhile_takes_no_piece_and_does_not_end_whole(deleted: bool) -> None:
    file = an_upload(6)
    append_part(file, offset=0, content=b"abc")
    SettlementFile.objects.filter(pk=file.pk).update(size=0, expected_size=0)
    if deleted:
        forget(file)

    for offset in (0, 3):
        with pytest.raises(UploadGone, match="nothing of it counts"):
            append_part(file, offset=offset, content=b"abc")
    with pytest.raises(UploadGone):
        finish_upload(file)
    assert not SettlementFile.objects.exclude(size=0).exists()


def test_what_waits_is_not_given_up() -> None:
    file = an_upload(3)
    append_part(file, offset=0, content=b"abc")
    finish_upload(file)

    forget(file)

    assert b"".join(content_of(file.pk)) == b"abc"
