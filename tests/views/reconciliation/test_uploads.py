"""Settlement files arrive: as a plain form, piece by piece, twice, too large, broken off, and by the wrong hands."""

from __future__ import annotations

import html
import json
from datetime import date
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from orders.models import FileState, GatewayAccount, SettlementFile, SettlementFilePart
from orders.reconciliation.files.storing import PART_BYTES, content_of
from tests.factories import a_person, an_account
from tests.reconciliation_factories import a_file, a_profile
from tests.views.scenes import logged_in

pytestmark = pytest.mark.django_db

NEW = "/reconciliation/files/new"
ARRIVALS = "/reconciliation/files/arrivals/"
UPLOADS = "/reconciliation/files/uploads/"


def a_sheet(name: str = "day.csv", content: bytes = b"type,amount\ncapture,1\n") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def plain(client: Client, *files: SimpleUploadedFile, **given: Any) -> tuple[int, str]:
    """What the browser shows in the end, and the status of the first answer."""
    answer = client.post(ARRIVALS, {"files": list(files), **given})
    shown = client.get(answer["Location"]) if answer.status_code == 303 else answer
    return answer.status_code, html.unescape(shown.content.decode())


def begin(
    client: Client, account: GatewayAccount, size: int, given: dict[str, Any] | None = None
) -> tuple[int, dict[str, Any]]:
    answer = client.post(UPLOADS, {"account": account.pk, "name": "day.csv", "size": size} | (given or {}))
    return answer.status_code, json.loads(answer.content)


def send(client: Client, address: str, content: bytes = b"") -> tuple[int, dict[str, Any]]:
    answer = client.post(address, content, content_type="application/octet-stream")
    return answer.status_code, json.loads(answer.content)


def test_the_form_offers_the_accounts_that_a_person_reconciles(client: Client, account: GatewayAccount) -> None:
    stranger = an_account()

    page = html.unescape(client.get(NEW).content.decode())

    assert account.name in page
    assert stranger.name not in page
    assert "multipart/form-data" in page


def test_a_file_sent_by_the_plain_form_waits_to_be_read(client: Client, shop: tuple[GatewayAccount, User]) -> None:
    account, person = shop

    status, page = plain(client, a_sheet(), account=account.pk, business_date="2026-11-20")

    file = SettlementFile.objects.get()
    assert status == 303
    assert (file.state, file.name, file.business_date) == (FileState.WAITING, "day.csv", date(2026, 11, 20))
    assert (file.account_id, file.received_by_id, file.source) == (account.pk, person.pk, "page")
    assert b"".join(content_of(file.pk)) == b"type,amount\ncapture,1\n"
    assert "waits to be read" in page


def test_the_same_bytes_are_one_file_however_they_are_called(client: Client, account: GatewayAccount) -> None:
    plain(client, a_sheet("one.csv"), account=account.pk)

    status, page = plain(client, a_sheet("two.csv"), account=account.pk)

    assert status == 303
    assert "These bytes came before, as one.csv" in page
    assert SettlementFile.objects.count() == 1


def test_several_files_are_taken_each_by_itself(client: Client, account: GatewayAccount) -> None:
    status, page = plain(
        client, a_sheet("a.csv", b"1"), a_sheet("b.csv", b""), a_sheet("c.csv", b"2"), account=account.pk
    )

    assert status == 303
    assert "a.csv is here" in page
    assert "b.csv: The file is empty" in page
    assert "c.csv is here" in page
    assert set(SettlementFile.objects.values_list("name", flat=True)) == {"a.csv", "c.csv"}


def test_a_correction_names_what_it_takes_the_place_of(client: Client, account: GatewayAccount) -> None:
    old = a_file(account)

    form = html.unescape(client.get(f"{NEW}?replaces={old.pk}").content.decode())
    plain(client, a_sheet(), account=account.pk, replaces=old.pk)

    assert f'<option value="{old.pk}" selected>' in form
    assert SettlementFile.objects.get(replaces=old).version == 2


def test_one_file_corrects_one_file(client: Client, account: GatewayAccount) -> None:
    old = a_file(account)

    status, page = plain(client, a_sheet("a.csv"), a_sheet("b.csv", b"x"), account=account.pk, replaces=old.pk)

    assert status == 422
    assert "One file corrects another" in page
    assert SettlementFile.objects.count() == 1


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "Choose the account"),
        ({"account": "x"}, "none of the accounts you reconcile"),
        ({"account": "9" * 30}, "none of the accounts you reconcile"),
        ({"business_date": "tomorrow"}, "Write the day as 2026-11-20"),
        ({"business_date": "\0"}, "Write the day as 2026-11-20"),
        ({"replaces": "1"}, "none that counts"),
        ({"profile": "1"}, "no profile in use"),
    ],
)
def test_what_cannot_be_used_is_told_and_nothing_is_received(
    client: Client, account: GatewayAccount, given: dict[str, str], sentence: str
) -> None:
    status, page = plain(client, a_sheet(), **({"account": account.pk, **given} if given else {}))
    begun, told = begin(client, account, 5, given or {"account": ""})

    assert (status, begun) == (422, 422)
    assert sentence in page
    assert sentence in told["sentence"]
    assert not SettlementFile.objects.exists()


def test_without_a_file_nothing_is_received(client: Client, account: GatewayAccount) -> None:
    status, page = plain(client, account=account.pk)

    assert status == 422
    assert "Choose at least one file; nothing was received." in page


def test_a_file_of_another_merchant_is_never_corrected(client: Client, account: GatewayAccount) -> None:
    stranger = a_file()

    assert plain(client, a_sheet(), account=account.pk, replaces=stranger.pk)[0] == 422
    assert stranger.name not in client.get(f"{NEW}?replaces={stranger.pk}").content.decode()
    assert plain(client, a_sheet(), account=stranger.account_id)[0] == 422


def test_a_profile_of_another_account_is_refused(client: Client, account: GatewayAccount) -> None:
    other = an_account(merchant=account.merchant)
    profile = a_profile(other)

    _, page = plain(client, a_sheet(), account=account.pk, profile=profile.pk)

    assert "The profile belongs to another account; nothing was taken." in page
    assert not SettlementFile.objects.exists()


def test_a_large_file_goes_up_piece_by_piece(client: Client, account: GatewayAccount) -> None:
    content = bytes(range(256)) * 5_000

    _, way = begin(client, account, len(content), {"business_date": "2026-11-20"})
    first = send(client, f"{way['parts']}?offset=0", content[: way["part_size"]])
    assert SettlementFile.objects.get().state == FileState.RECEIVING
    second = send(client, f"{way['parts']}?offset={way['part_size']}", content[way["part_size"] :])
    status, end = send(client, way["end"])

    file = SettlementFile.objects.get()
    assert way["part_size"] == PART_BYTES
    assert (first, second) == ((200, {"size": PART_BYTES}), (200, {"size": len(content)}))
    assert (status, end["new"], end["url"]) == (200, True, reverse("orders:settlement_file", args=[file.pk]))
    assert (file.state, file.size) == (FileState.WAITING, len(content))
    assert b"".join(content_of(file.pk)) == content


def test_a_piece_that_comes_twice_or_leaves_a_gap_changes_nothing(client: Client, account: GatewayAccount) -> None:
    _, way = begin(client, account, 6)

    assert send(client, f"{way['parts']}?offset=0", b"abc")[1] == {"size": 3}
    assert send(client, f"{way['parts']}?offset=0", b"abc")[1] == {"size": 3}
    assert send(client, f"{way['parts']}?offset=5", b"f")[1] == {"size": 3}
    assert send(client, f"{way['parts']}?offset=3", b"def")[1] == {"size": 6}

    assert send(client, way["end"])[0] == 200
    assert b"".join(content_of(SettlementFile.objects.get().pk)) == b"abcdef"


def test_an_upload_that_broke_off_does_not_count(client: Client, account: GatewayAccount) -> None:
    _, way = begin(client, account, 6)
    send(client, f"{way['parts']}?offset=0", b"abc")

    status, told = send(client, way["end"])

    assert status == 422
    assert "Only a part of the file is here" in told["sentence"]
    assert SettlementFile.objects.get().state == FileState.RECEIVING


def test_pieces_of_known_bytes_lead_to_the_known_file(client: Client, account: GatewayAccount) -> None:
    plain(client, a_sheet(content=b"abc"), account=account.pk)
    known = SettlementFile.objects.get()

    _, way = begin(client, account, 3)
    send(client, f"{way['parts']}?offset=0", b"abc")
    _, end = send(client, way["end"])

    assert (end["new"], end["url"]) == (False, reverse("orders:settlement_file", args=[known.pk]))
    assert SettlementFile.objects.get() == known


@pytest.mark.parametrize("offset", ["", "x", "-1", "9" * 40, "%00"])
def test_a_damaged_offset_is_refused(client: Client, account: GatewayAccount, offset: str) -> None:
    _, way = begin(client, account, 3)

    status, told = send(client, f"{way['parts']}?offset={offset}", b"abc")

    assert status == 422
    assert "nothing was taken" in told["sentence"]
    assert not SettlementFilePart.objects.exists()


def test_a_piece_that_is_too_large_is_refused(client: Client, account: GatewayAccount) -> None:
    _, way = begin(client, account, PART_BYTES * 2)

    status, told = send(client, f"{way['parts']}?offset=0", b"x" * (PART_BYTES + 1))

    assert status == 422
    assert "nothing was taken" in told["sentence"]
    assert not SettlementFilePart.objects.exists()


def test_a_file_beyond_the_limit_is_refused_before_it_comes(
    client: Client, account: GatewayAccount, settings: Any
) -> None:
    settings.SETTLEMENT_MAX_MIB = 1

    status, told = begin(client, account, 1024**2 + 1)

    assert status == 422
    assert "larger than the 1 MiB" in told["sentence"]
    assert begin(client, account, 2**60)[0] == 422
    assert begin(client, account, 0)[1]["sentence"] == "The file is empty; nothing was received."


def test_a_finished_file_takes_no_further_piece(client: Client, account: GatewayAccount) -> None:
    _, way = begin(client, account, 3)
    send(client, f"{way['parts']}?offset=0", b"abc")
    send(client, way["end"])

    assert send(client, f"{way['parts']}?offset=3", b"d")[0] == 422
    assert b"".join(content_of(SettlementFile.objects.get().pk)) == b"abc"


def test_nobody_goes_on_with_what_somebody_else_began(client: Client, account: GatewayAccount) -> None:
    _, way = begin(client, account, 3)
    colleague = logged_in(a_person(merchants=[account.merchant], groups=("finance",)))

    for address in (f"{way['parts']}?offset=0", way["end"]):
        assert colleague.post(address, b"abc", content_type="application/octet-stream").status_code == 404
    assert not SettlementFilePart.objects.exists()


def test_uploading_is_for_whoever_may_reconcile(account: GatewayAccount) -> None:
    viewer = logged_in(a_person(merchants=[account.merchant], groups=("viewer",)))

    assert viewer.get(NEW).status_code == 403
    assert viewer.post(ARRIVALS, {"files": a_sheet(), "account": account.pk}).status_code == 403
    assert viewer.post(UPLOADS, {"account": account.pk, "name": "x", "size": 1}).status_code == 403
    assert not SettlementFile.objects.exists()


def test_another_site_cannot_upload(client: Client, account: GatewayAccount) -> None:
    given = {"files": a_sheet(), "account": account.pk}

    assert client.post(ARRIVALS, given, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert not SettlementFile.objects.exists()
