"""The signature is the Standard Webhooks scheme's, so that a shop's library checks it."""

from __future__ import annotations

from orders.outgoing.signing import new_secret, signature


def test_the_signature_is_that_of_the_schemes_own_example() -> None:
    signed = signature(
        secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=1614265330,
        body=b'{"test": 2432232314}',
    )
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_another_byte_another_time_and_another_secret_sign_differently() -> None:
    secret = new_secret()
    first = signature(secret=secret, message_id="msg_1", timestamp=1, body=b"{}")
    assert first == signature(secret=secret, message_id="msg_1", timestamp=1, body=b"{}")
    assert first != signature(secret=secret, message_id="msg_1", timestamp=2, body=b"{}")
    assert first != signature(secret=secret, message_id="msg_1", timestamp=1, body=b"{ }")
    assert first != signature(secret=new_secret(), message_id="msg_1", timestamp=1, body=b"{}")
