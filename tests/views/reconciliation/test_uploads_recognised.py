"""The upload form finds out whose file it is, when nobody says it; it believes no columns, and names the candidates."""

from __future__ import annotations

import html
import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from orders.models import FileState, GatewayAccount, SettlementFile, SettlementProfile
from tests.factories import an_account
from tests.reconciliation.files.named import naming, paper_of, profile_for
from tests.reconciliation.files.papers import changed, workbook
from tests.reconciliation_factories import a_file, a_profile

pytestmark = pytest.mark.django_db

NEW, ARRIVALS, UPLOADS = (f"/reconciliation/files/{end}" for end in ("new", "arrivals/", "uploads/"))
CHOICE = "Find it out from the file"


@pytest.fixture
def cards(account: GatewayAccount) -> GatewayAccount:
    """Northwind's second account; the files of both name their account."""
    second = an_account(merchant=account.merchant, name="northwind cards")
    a_profile(account, name="daily", mapping=naming("NORTH").to_json())
    a_profile(second, name="daily", mapping=naming("CARDS").to_json())
    return second


def sent(client: Client, *files: tuple[str, bytes], **given: Any) -> tuple[int, str]:
    sheets = [SimpleUploadedFile(name, content) for name, content in files]
    answer = client.post(ARRIVALS, {"files": sheets, "account": "file", **given}, follow=True)
    return answer.status_code, html.unescape(answer.content.decode())


def begun(client: Client, content: bytes, *, head: bytes | None = None) -> tuple[int, dict[str, Any]]:
    given: dict[str, Any] = {"account": "file", "name": "day.csv", "size": len(content)}
    if head is not None:
        given["head"] = SimpleUploadedFile("blob", head)
    answer = client.post(UPLOADS, given)
    return answer.status_code, json.loads(answer.content)


def test_the_form_offers_it_where_there_is_a_choice(client: Client, cards: GatewayAccount) -> None:
    assert CHOICE in client.get(NEW).content.decode()


def test_with_one_account_there_is_nothing_to_find_out(client: Client, account: GatewayAccount) -> None:
    assert CHOICE not in client.get(NEW).content.decode()
    assert sent(client, ("day.csv", paper_of("NORTH")))[0] == 422


def test_each_file_of_the_plain_form_finds_its_account(
    client: Client, account: GatewayAccount, cards: GatewayAccount
) -> None:
    status, page = sent(client, ("a.csv", paper_of("CARDS")), ("b.csv", paper_of("NORTH")), ("c.csv", paper_of("ELSE")))

    assert status == 200
    assert dict(SettlementFile.objects.values_list("name", "account")) == {"a.csv": cards.pk, "b.csv": account.pk}
    assert "c.csv: No active profile fits the file's columns and the account that its lines name." in page


def test_a_file_in_pieces_finds_its_account_by_its_beginning(client: Client, cards: GatewayAccount) -> None:
    content = paper_of("CARDS")

    status, way = begun(client, content, head=content)
    client.post(f"{way['parts']}?offset=0", content, content_type="application/octet-stream")
    client.post(way["end"])

    file = SettlementFile.objects.get()
    assert (status, file.account, file.state) == (200, cards, FileState.WAITING)
    assert file.profile == SettlementProfile.objects.get(account=cards)


@pytest.mark.parametrize(
    ("head", "sentence"),
    [
        (None, "Nobody can tell yet whose file this is; nothing was received. Choose its account."),
        (paper_of("ELSE"), "No active profile fits"),
        (b"PK\x03\x04 half a workbook", "A workbook tells whose it is only as a whole"),
    ],
)
def test_without_a_beginning_that_says_it_nothing_is_received(
    client: Client, cards: GatewayAccount, head: bytes | None, sentence: str
) -> None:
    status, told = begun(client, b"x" * 5_000, head=head)

    assert status == 422
    assert sentence in told["sentence"]
    assert not SettlementFile.objects.exists()


def test_a_whole_workbook_says_it(client: Client, cards: GatewayAccount) -> None:
    content = workbook([changed(partnerReference="CARDS")])

    assert begun(client, content, head=content)[0] == 200
    assert SettlementFile.objects.get().account == cards


def test_profiles_of_other_merchants_are_neither_believed_nor_named(client: Client, cards: GatewayAccount) -> None:
    stranger = profile_for("STRANGER")

    _, page = sent(client, ("day.csv", paper_of("STRANGER")))

    assert stranger.account.name not in page
    assert "No active profile fits" in page
    assert not SettlementFile.objects.exists()


def test_what_is_named_beside_the_file_says_it_before(
    client: Client, account: GatewayAccount, cards: GatewayAccount
) -> None:
    corrected, profile = a_file(account), SettlementProfile.objects.get(account=cards)

    sent(client, ("a.csv", paper_of("CARDS")), replaces=corrected.pk)
    sent(client, ("b.csv", paper_of("NORTH")), profile=profile.pk)

    assert SettlementFile.objects.get(name="a.csv").account == account
    assert SettlementFile.objects.get(name="b.csv").account == cards
