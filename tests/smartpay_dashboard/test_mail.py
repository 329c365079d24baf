"""The mail server's address becomes Django's settings; one that cannot be used is refused without its password."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from smartpay_dashboard.mail import mail_settings


def test_without_an_address_nothing_is_sent() -> None:
    assert not mail_settings(None).sends
    assert mail_settings("").backend.endswith("dummy.EmailBackend")


def test_an_address_says_server_person_and_encryption() -> None:
    found = mail_settings("smtp+tls://night:p%40ss@mail.example:2525")

    assert (found.host, found.port, found.user, found.password) == ("mail.example", 2525, "night", "p@ss")
    assert (found.sends, found.starttls, found.tls) == (True, True, False)


@pytest.mark.parametrize(
    ("scheme", "port", "tls"), [("smtp", 25, False), ("smtp+tls", 587, False), ("smtps", 465, True)]
)
def test_each_way_has_its_own_port(scheme: str, port: int, tls: bool) -> None:
    found = mail_settings(f"{scheme}://mail.example")

    assert (found.port, found.tls) == (port, tls)


def test_letters_may_be_printed() -> None:
    assert mail_settings("console://").backend.endswith("console.EmailBackend")


@pytest.mark.parametrize("address", ["http://n:secret@mail.example", "smtp://", "smtp://n:secret@mail.example:mail"])
def test_what_is_no_mail_server_is_refused_without_telling_the_password(address: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refusal:
        mail_settings(address)

    assert "EMAIL_URL" in str(refusal.value)
    assert "secret" not in str(refusal.value)
