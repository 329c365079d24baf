"""An upload that stands still blocks nobody for long: it says whose it is and since when, and can be given up."""

from __future__ import annotations

import html
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from orders.models import Event, FileState, GatewayAccount, SettlementFile, SettlementFilePart, Source
from orders.reconciliation import runs
from orders.reconciliation.files import uploads
from orders.views.reconciliation import arrivals
from tests.factories import a_person
from tests.reconciliation_factories import a_file
from tests.views.pages import text_of
from tests.views.scenes import logged_in

pytestmark = pytest.mark.django_db

NEW = "/reconciliation/files/new"
UPLOADS = "/reconciliation/files/uploads/"


@pytest.fixture
def counting(account: GatewayAccount) -> SettlementFile:
    """The file that is to be corrected."""
    return a_file(account, name="day.csv")


def begun(client: Client, file: SettlementFile, *, name: str = "day-2.csv") -> tuple[int, dict[str, Any]]:
    """Half of a correction of the file."""
    given = {"account": file.account_id, "name": name, "size": 6, "replaces": file.pk}
    answer = client.post(UPLOADS, given)
    way = json.loads(answer.content)
    if answer.status_code == 200:
        client.post(f"{way['parts']}?offset=0", b"abc", content_type="application/octet-stream")
    return answer.status_code, way


def page_of(file: SettlementFile) -> str:
    return reverse("orders:settlement_file", args=[file.pk])


def give_up(client: Client, file: SettlementFile) -> str:
    answer = client.post(reverse("orders:settlement_upload_abandonment_create", args=[file.pk]), follow=True)
    return html.unescape(answer.content.decode())


def half(file: SettlementFile) -> SettlementFile:
    """The upload that corrects the file."""
    return SettlementFile.objects.get(replaces=file)


def stand_still(upload: SettlementFile, minutes: int) -> datetime:
    at = timezone.now() - timedelta(minutes=minutes)
    SettlementFile.objects.filter(pk=upload.pk).update(received_at=at)
    return at


def test_a_second_correction_is_told_who_began_the_first_and_when_and_led_there(
    client: Client, olga: User, counting: SettlementFile
) -> None:
    begun(client, counting)
    began = Event.objects.get(verb="settlement.upload_begun").at
    moved = stand_still(half(counting), 5)
    colleague = logged_in(olga)

    status, told = begun(colleague, counting, name="mine.csv")
    form = text_of(colleague, f"{NEW}?replaces={counting.pk}")
    sheet = SimpleUploadedFile("mine.csv", b"x")
    plain = colleague.post(
        "/reconciliation/files/arrivals/", {"files": sheet, "account": counting.account_id, "replaces": counting.pk}
    )

    assert (status, told["url"], plain.status_code) == (422, page_of(half(counting)), 422)
    for said in (told["sentence"], form, html.unescape(plain.content.decode())):
        assert f"finn began to upload a corrected version, day-2.csv, on {began:%-d %B, %H:%M} UTC" in said
        assert f"3 of 6 bytes arrived, the last of them on {moved:%-d %B, %H:%M} UTC" in said
        assert "Nothing was taken" in said
    for page in (form, plain.content.decode()):
        assert page_of(half(counting)) in page
    assert SettlementFile.objects.count() == 2


def test_whoever_began_it_gives_it_up_at_any_time_and_the_way_is_free(
    client: Client, olga: User, counting: SettlementFile
) -> None:
    begun(client, counting)
    upload = half(counting)
    assert "Give this upload up" in text_of(client, page_of(upload))

    page = give_up(client, upload)

    assert "The upload of day-2.csv was given up; nothing of it counted." in page
    assert f'<option value="{counting.pk}" selected>' in page
    runs.tidy()
    assert not SettlementFilePart.objects.exists()
    assert list(SettlementFile.objects.all()) == [counting]
    assert Event.objects.get(verb="settlement.upload_given_up").details["replaces"] == counting.pk
    assert begun(logged_in(olga), counting)[0] == 200


def test_a_colleague_waits_until_it_stood_still_for_half_an_hour(
    client: Client, olga: User, counting: SettlementFile
) -> None:
    begun(client, counting)
    upload, colleague = half(counting), logged_in(olga)
    stand_still(upload, 29)

    page = text_of(colleague, page_of(upload))
    assert "Give this upload up" not in page
    assert "finn may give it up at any time" in page
    refused = give_up(colleague, upload)
    assert "nothing was given up. Whoever began it may give it up" in refused
    assert Event.objects.get(verb="settlement.upload_give_up_refused").details["code"] == "moving"
    assert half(counting).size == 3

    stand_still(upload, 31)
    assert "Give this upload up" in text_of(colleague, page_of(upload))
    assert "was given up" in give_up(colleague, upload)
    runs.tidy()
    assert not SettlementFile.objects.filter(pk=upload.pk).exists()


def test_each_piece_begins_the_half_hour_anew(client: Client, olga: User, counting: SettlementFile) -> None:
    _, way = begun(client, counting)
    stand_still(half(counting), 31)
    client.post(f"{way['parts']}?offset=3", b"d", content_type="application/octet-stream")

    give_up(logged_in(olga), half(counting))

    assert half(counting).size == 4


def test_who_may_not_upload_gives_nothing_up(client: Client, account: GatewayAccount, counting: SettlementFile) -> None:
    begun(client, counting)
    upload = half(counting)
    stand_still(upload, 60)
    viewer = logged_in(a_person(merchants=[account.merchant], groups=["viewer"]))

    assert "Give this upload up" not in text_of(viewer, page_of(upload))
    assert "You need the “reconcile” permission" in give_up(viewer, upload)
    stranger = logged_in(a_person(groups=["finance"]))
    address = reverse("orders:settlement_upload_abandonment_create", args=[upload.pk])
    assert stranger.post(address).status_code == 404
    assert SettlementFile.objects.filter(pk=upload.pk).exists()


@pytest.mark.parametrize("state", [FileState.WAITING, FileState.LOADING, FileState.APPLIED, FileState.REFUSED])
def test_what_arrived_whole_is_not_given_up(client: Client, account: GatewayAccount, state: FileState) -> None:
    file = a_file(account, state=state, name="day.csv")

    page = give_up(client, file)

    assert "is no upload under way any more, so nothing was given up" in page
    assert SettlementFile.objects.get().state == state


def test_what_was_given_up_takes_no_further_piece(client: Client, olga: User, counting: SettlementFile) -> None:
    _, way = begun(client, counting)
    stand_still(half(counting), 31)
    give_up(logged_in(olga), half(counting))

    for deleted in (False, True):
        if deleted:
            runs.tidy()
        piece = client.post(f"{way['parts']}?offset=3", b"def", content_type="application/octet-stream")
        end = client.post(way["end"])
        for answer in (piece, end):
            assert answer.status_code == 404
            assert "somebody may have given it up, and nothing of it counts" in json.loads(answer.content)["sentence"]
    assert list(SettlementFile.objects.all()) == [counting]


def test_giving_up_leaves_the_bytes_to_the_next_look_and_is_done_for_everybody_at_once(
    client: Client, olga: User, counting: SettlementFile
) -> None:
    begun(client, counting)
    upload = half(counting)

    give_up(client, upload)

    assert SettlementFilePart.objects.filter(file=upload).exists()
    assert client.get(page_of(upload)).status_code == 404
    assert page_of(upload) not in text_of(client, "/reconciliation/files/")
    assert Event.objects.filter(verb="settlement.upload_given_up").count() == 1
    give_up(client, upload)
    assert Event.objects.filter(verb="settlement.upload_given_up").count() == 1

    runs.tidy()
    assert not SettlementFilePart.objects.filter(file=upload).exists()
    assert not SettlementFile.objects.filter(pk=upload.pk).exists()


@pytest.mark.parametrize("deleted", [False, True])
@pytest.mark.parametrize("door", ["parts", "end"])
def test_an_upload_that_is_given_up_during_a_request_is_told_as_gone(
    client: Client, finn: User, counting: SettlementFile, monkeypatch: pytest.MonkeyPatch, door: str, deleted: bool
) -> None:
    _, way = begun(client, counting)
    look = arrivals._upload_for

    def look_and_be_overtaken(*given: Any) -> Any:
        found = look(*given)
        uploads.give_up_upload(half(counting).pk, by=finn, source=Source.PAGE)
        if deleted:
            runs.tidy()
        return found

    monkeypatch.setattr(arrivals, "_upload_for", look_and_be_overtaken)

    answer = client.post(f"{way[door]}?offset=3", b"def", content_type="application/octet-stream")

    assert answer.status_code == 404
    assert "somebody may have given it up, and nothing of it counts" in json.loads(answer.content)["sentence"]
    assert SettlementFile.objects.filter(size=3).count() == 0


def test_the_page_says_that_nothing_comes_any_more(client: Client, counting: SettlementFile) -> None:
    begun(client, counting)
    assert "Nothing has arrived since" not in text_of(client, page_of(half(counting)))

    at = stand_still(half(counting), 3)

    page = text_of(client, page_of(half(counting)))
    assert f"Nothing has arrived since {at:%H:%M:%S}." in page
    assert "3 bytes of 6 bytes have arrived; nothing of it counts yet." in page


def test_a_piece_that_comes_in_the_same_moment_keeps_the_upload(
    client: Client, olga: User, counting: SettlementFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, way = begun(client, counting)
    stand_still(half(counting), 31)
    look = uploads.why_not_give_up

    def look_and_be_overtaken(file: SettlementFile, **given: Any) -> Any:
        found = look(file, **given)
        client.post(f"{way['parts']}?offset=3", b"def", content_type="application/octet-stream")
        return found

    monkeypatch.setattr(uploads, "why_not_give_up", look_and_be_overtaken)

    page = give_up(logged_in(olga), half(counting))

    assert "Another piece of day-2.csv arrived in this moment, so nothing was given up." in page
    assert client.post(way["end"]).status_code == 200
    assert half(counting).state == FileState.WAITING
