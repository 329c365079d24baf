"""The network is closed: proved from inside a test."""

from __future__ import annotations

import socket

import pytest

from tests.closed_network import NetworkClosed

# A documentation address (RFC 5737): nobody answers there even if the guard were gone.
OUTSIDE = "192.0.2.1"


@pytest.mark.parametrize("method", ["connect", "connect_ex"])
def test_a_test_cannot_reach_the_outside(method: str) -> None:
    with socket.socket() as caller, pytest.raises(NetworkClosed, match=OUTSIDE):
        getattr(caller, method)((OUTSIDE, 80))


def test_a_test_can_reach_this_host() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        with socket.create_connection(listener.getsockname(), timeout=2) as caller:
            assert caller.getpeername() == listener.getsockname()
