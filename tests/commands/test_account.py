"""`account`: creating, listing, pausing, resuming by two people, rotating keys; no secret is ever printed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pytest_django import Settings

from orders.models import Event, GatewayAccount, Merchant
from tests.commands.running import Ended, run
from tests.factories import a_merchant, a_person, an_account

pytestmark = pytest.mark.django_db
SECRET = "s3cret-of-the-gateway"


@pytest.fixture
def key_file(tmp_path: Path) -> str:
    path = tmp_path / "key"
    path.write_text(f"{SECRET}\n")
    return str(path)


def create(key_file: str, *more: str, base_url: str = "https://gateway.example/smartpay") -> Ended:
    words = ["--gateway", "smartpay", "--name", "north", "--merchant", "North", "--merchant-key", "3ip7f1-8e72"]
    return run(
        "account", "create", *words, "--base-url", base_url, "--authentication-key-file", key_file, *more, "--json"
    )


def test_an_account_is_created_with_its_key_encrypted_and_never_shown(key_file: str) -> None:
    a_merchant("North")

    ended = create(key_file)

    account = GatewayAccount.objects.get()
    assert ended.code == 0, ended.out
    assert account.authentication_key == SECRET
    assert SECRET not in account.authentication_key_sealed
    assert ended.facts["merchant_key"] == "…8e72"
    event = Event.objects.get(verb="account.created")
    assert SECRET not in f"{ended.out}{ended.err}{event.sentence}{event.details}"
    assert "3ip7f1-8e72" not in f"{event.sentence}{event.details}"


def test_the_address_of_a_list_is_kept_and_checked_like_the_other(key_file: str) -> None:
    a_merchant("North")

    assert create(key_file, "--data-url", "http://10.0.0.1/").code != 0
    assert create(key_file, "--data-url", "https://data.example/").code == 0

    assert GatewayAccount.objects.get().data_url == "https://data.example"


def test_an_unknown_merchant_is_not_made_by_a_slip(key_file: str) -> None:
    ended = create(key_file)

    assert ended.code == 2
    assert not Merchant.objects.exists()
    assert create(key_file, "--new-merchant").code == 0


@pytest.mark.parametrize(
    "base_url",
    [
        "http://gateway.example/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://169.254.169.254/latest",
        "https://user:pass@gateway.example/",
        "https://gateway.example/?x=1",
        "ftp://gateway.example/",
    ],
)
def test_an_unsafe_address_is_refused_unless_insecure_gateways_are_allowed(key_file: str, base_url: str) -> None:
    a_merchant("North")

    ended = create(key_file, base_url=base_url)

    assert ended.code == 1
    assert "Nothing was saved" in ended.facts["error"]
    assert not GatewayAccount.objects.exists()


def test_a_loopback_address_is_taken_when_insecure_gateways_are_allowed(key_file: str, settings: Settings) -> None:
    settings.ALLOW_INSECURE_GATEWAYS = True
    a_merchant("North")

    assert create(key_file, base_url="http://127.0.0.1:8001/smartpay").code == 0


@pytest.mark.parametrize("content", ["", "two\nlines", "with space", "x" * 600, "ümlaut"])
def test_a_key_that_no_header_can_carry_is_refused_without_being_repeated(tmp_path: Path, content: str) -> None:
    a_merchant("North")
    path = tmp_path / "key"
    path.write_text(content)

    ended = create(str(path))

    assert ended.code == 1
    assert not content or content not in ended.out
    assert not GatewayAccount.objects.exists()


def test_a_second_account_of_the_same_name_or_key_is_refused(key_file: str) -> None:
    a_merchant("North")
    create(key_file)

    assert "already an account called north" in create(key_file).facts["error"]
    assert GatewayAccount.objects.count() == 1


def test_the_list_shows_the_end_of_the_merchant_key_only() -> None:
    an_account(name="north", merchant_key="abcdef-1234", authentication_key=SECRET)

    ended = run("account", "list")

    assert "…1234" in ended.out
    assert "abcdef" not in ended.out
    assert SECRET not in ended.out


def test_pausing_needs_a_person_who_may(key_file: str) -> None:
    account = an_account(name="north")
    a_person("anna", merchants=[account.merchant], groups=["agent"])
    a_person("ines", merchants=[account.merchant], groups=["integrator"])

    refused = run("account", "pause", "north", "--reason", "Odd answers", "--by", "anna")
    paused = run("account", "pause", "north", "--reason", "Odd answers", "--by", "ines")

    account.refresh_from_db()
    assert (refused.code, paused.code) == (1, 0)
    assert account.paused_reason == "Odd answers"


def test_an_account_is_resumed_by_two_people_and_not_by_one(key_file: str) -> None:
    account = an_account(name="north")
    for name in ("ines", "ivo"):
        a_person(name, merchants=[account.merchant], groups=["integrator"])
    run("account", "pause", "north", "--reason", "Odd answers", "--by", "ines")

    proposed = run("account", "resume", "north", "--evidence", "Vendor fixed it", "--by", "ines", "--json")
    alone = run("account", "resume", "north", "--by", "ines", "--json")
    still_paused = GatewayAccount.objects.get().paused
    confirmed = run("account", "resume", "north", "--by", "ivo", "--json")

    assert (proposed.code, proposed.facts["paused"]) == (0, True)
    assert (alone.code, still_paused) == (1, True)
    assert (confirmed.code, confirmed.facts["paused"]) == (0, False)
    assert not GatewayAccount.objects.get().paused


def test_a_rotated_key_is_the_one_in_use(key_file: str) -> None:
    account = an_account(name="north", authentication_key="the old one")

    ended = run("account", "rotate-key", "north", "--authentication-key-file", key_file)

    account.refresh_from_db()
    assert ended.code == 0
    assert account.authentication_key == SECRET
    assert Event.objects.filter(verb="account.key_rotated").exists()


def test_resealing_moves_every_key_under_the_newest_and_the_old_one_may_go(settings: Settings) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.CREDENTIALS_KEYS = [old]
    account = an_account(name="north", authentication_key=SECRET)
    settings.CREDENTIALS_KEYS = [new, old]

    ended = run("account", "reseal", "--json")

    settings.CREDENTIALS_KEYS = [new]
    account.refresh_from_db()
    assert ended.facts["resealed"] == ["north"]
    assert account.authentication_key == SECRET


def test_resealing_changes_nothing_when_one_key_cannot_be_opened(settings: Settings) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.CREDENTIALS_KEYS = [old]
    first = an_account(name="north", authentication_key=SECRET)
    second = an_account(name="south", authentication_key=SECRET)
    GatewayAccount.objects.filter(pk=second.pk).update(authentication_key_sealed="not a token")
    settings.CREDENTIALS_KEYS = [new, old]

    ended = run("account", "reseal")

    sealed = first.authentication_key_sealed
    first.refresh_from_db()
    assert ended.code == 1
    assert "south" in ended.err
    assert first.authentication_key_sealed == sealed


def test_an_unknown_account_or_person_is_a_misuse(key_file: str) -> None:
    an_account(name="north")

    assert run("account", "pause", "south", "--reason", "x", "--by", "nobody").code == 2
    assert run("account", "pause", "north", "--reason", "x", "--by", "nobody").code == 2


def test_the_webhook_address_is_told_and_a_secret_is_set_removed_and_never_shown(key_file: str) -> None:
    account = an_account(name="north", gateway="smarterpay")

    told = run("account", "webhook", "north", "--secret-file", key_file, "--options", '{"header": "X-Sign"}', "--json")

    account.refresh_from_db()
    assert told.facts["webhook_address"].endswith(f"/webhooks/{account.webhook_token}/")
    assert told.facts["webhook_secret_set"] is True
    assert (account.webhook_secrets(account.created_at), account.webhook_options) == ([SECRET], {"header": "X-Sign"})
    events = [f"{event.sentence}{event.details}" for event in Event.objects.filter(verb__startswith="account.webhook")]
    assert len(events) == 2
    assert SECRET not in f"{told.out}{told.err}{events}"

    assert run("account", "webhook", "north", "--remove-secret", "--json").facts["webhook_secret_set"] is False
    account.refresh_from_db()
    assert account.webhook_secrets(account.created_at) == []


@pytest.mark.parametrize("options", ["{", "[]", "3"])
def test_webhook_options_that_are_no_object_are_refused(options: str) -> None:
    account = an_account(name="north")

    assert run("account", "webhook", "north", "--options", options).code == 2
    account.refresh_from_db()
    assert account.webhook_options == {}


def test_resealing_encrypts_webhook_secrets_too(settings: Settings) -> None:
    account = an_account(name="north")
    for secret in ("old", "new"):
        account.seal_webhook_secret(secret, overlap_until=account.created_at)
    account.save()
    newest = Fernet.generate_key().decode()
    settings.CREDENTIALS_KEYS = [newest, *settings.CREDENTIALS_KEYS]

    assert run("account", "reseal").code == 0

    settings.CREDENTIALS_KEYS = [newest]
    account.refresh_from_db()
    assert account.webhook_secrets(account.created_at - timedelta(days=1)) == ["new", "old"]
