"""The HTTP door against real sockets that behave as badly as sockets can."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orders.gateways import deadlines
from orders.gateways.base import Door, Fault, FrozenRequest, LeaseTooOld, Observation
from orders.gateways.http import ANSWER_BYTES, exchange
from orders.gateways.transcripts import TRANSCRIPT_BYTES
from tests.gateways.raw_server import Behaviour, RawServer, answering, dripping, endless, raw_server, resetting, saying

REQUEST = FrozenRequest(
    method="POST", path="/payment/refund", headers={"Content-Type": "application/json"}, body=b'{"amount":25.00}'
)
OK = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"ok":true}'


def a_door(url: str, *, deadline_seconds: float = 5, **more: Any) -> Door:
    return Door(
        base_url=url,
        merchant_key="merchant-key-1",
        authentication_key="top-secret",
        origin="https://dashboard.example",
        deadline_seconds=deadline_seconds,  # type: ignore[arg-type]  # tests cannot wait for whole seconds
        **more,
    )


def talk(url: str, **more: Any) -> Observation:
    return exchange(a_door(url, **more), REQUEST, authorization="Basic c2VjcmV0", scrub=lambda text, _door: text)


def talk_to(behave: Behaviour, **more: Any) -> Observation:
    with raw_server(behave) as server:
        return talk(server.url, **more)


@pytest.fixture
def friendly() -> Iterator[RawServer]:
    with raw_server(saying(OK)) as server:
        yield server


def test_a_whole_answer_is_reported_as_it_came(friendly: RawServer) -> None:
    seen = talk(friendly.url)

    assert (seen.sent, seen.fault, seen.status, seen.body) == (True, None, 200, b'{"ok":true}')
    assert seen.headers["Content-Type"] == "application/json"
    assert friendly.requests[0].startswith(b"POST /payment/refund HTTP/1.1\r\nHost: 127.0.0.1:")
    assert friendly.requests[0].endswith(b'\r\n\r\n{"amount":25.00}')
    assert b"Connection: close" in friendly.requests[0]
    assert b"Authorization: Basic c2VjcmV0" in friendly.requests[0]


def test_the_path_of_the_base_url_is_kept(friendly: RawServer) -> None:
    talk(friendly.url + "/smartpay/")

    assert friendly.requests[0].startswith(b"POST /smartpay/payment/refund HTTP/1.1")


def test_every_call_has_a_connection_of_its_own(friendly: RawServer) -> None:
    for _ in range(3):
        assert talk(friendly.url).status == 200

    assert friendly.connections == 3


def test_cookies_of_one_answer_do_not_reach_the_next_call() -> None:
    with raw_server(answering(b"{}", headers=b"Set-Cookie: session=1\r\n")) as server:
        talk(server.url)
        talk(server.url)

    assert not any(b"ookie" in request for request in server.requests)


@pytest.mark.parametrize(
    ("behave", "fault"),
    [
        (resetting, Fault.RESET),
        (lambda connection: connection.close(), Fault.RESET),
        (saying(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"), Fault.TRUNCATED),
        (saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"), Fault.TRUNCATED),
        (saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{"), Fault.MALFORMED),
        (saying(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope"), Fault.MALFORMED),
        (saying(b"220 mail.example ESMTP\r\n"), Fault.MALFORMED),
        (saying(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n"), Fault.MALFORMED),
        (endless, Fault.TOO_LARGE),
    ],
    ids=["reset", "closed", "short", "chunk-short", "chunk-bad", "gzip-bad", "not-http", "many-headers", "endless"],
)
def test_a_broken_answer_to_a_sent_request_names_its_fault(behave: Behaviour, fault: Fault) -> None:
    seen = talk_to(behave)

    assert (seen.sent, seen.fault) == (True, fault)
    assert "no whole answer" in seen.response_transcript
    assert len(seen.body) <= ANSWER_BYTES


def test_a_bomb_of_zeros_is_cut_after_decompression() -> None:
    bomb = gzip.compress(b"0" * 50_000_000)

    seen = talk_to(answering(bomb, headers=b"Content-Encoding: gzip\r\n"))

    assert (seen.fault, len(seen.body)) == (Fault.TOO_LARGE, ANSWER_BYTES)


def test_an_answer_of_exactly_the_limit_is_read() -> None:
    seen = talk_to(answering(b"x" * ANSWER_BYTES))

    assert (seen.fault, len(seen.body)) == (None, ANSWER_BYTES)
    assert len(seen.response_transcript.encode()) <= TRANSCRIPT_BYTES
    assert "cut here" in seen.response_transcript


def test_a_compressed_answer_is_read() -> None:
    seen = talk_to(answering(gzip.compress(b'{"a":1}'), headers=b"Content-Encoding: gzip\r\n"))

    assert (seen.fault, seen.body) == (None, b'{"a":1}')


@pytest.mark.parametrize(
    "behave",
    [
        lambda connection: time.sleep(3),
        dripping(OK),
        dripping(OK, at_once=20),
        dripping(OK, at_once=len(OK) - 11),
        dripping(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100, at_once=19),
        lambda connection: dripping(b"HTTP/1.1 100 Continue\r\n\r\n" * 10, at_once=20)(connection),
    ],
    ids=["silence", "status-line", "headers", "body", "body-without-length", "continue"],
)
def test_a_drip_ends_at_the_total_deadline(behave: Behaviour) -> None:
    started = time.monotonic()

    seen = talk_to(behave, deadline_seconds=0.5)

    assert (seen.sent, seen.fault) == (True, Fault.TIMEOUT)
    assert 0.4 < time.monotonic() - started < 1.5


def test_a_drip_in_the_handshake_ends_at_the_deadline_and_nothing_was_sent() -> None:
    record = b"\x16\x03\x03\x40\x00" + b"\x02" * 100

    with raw_server(dripping(record), reads_first=False) as server:
        seen = talk(f"https://127.0.0.1:{server.port}", address="127.0.0.1", deadline_seconds=0.5)

    assert (seen.sent, seen.fault) == (False, Fault.TIMEOUT)


def test_one_watchdog_serves_many_calls_at_once() -> None:
    results: list[Observation] = []
    with raw_server(dripping(OK)) as server:
        threads = [
            threading.Thread(target=lambda: results.append(talk(server.url, deadline_seconds=0.6))) for _ in range(20)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert [seen.fault for seen in results] == [Fault.TIMEOUT] * 20
    assert sum(thread.name == "gateway-deadlines" for thread in threading.enumerate()) == 1
    assert not deadlines._watchdog._open


def test_nobody_listening_means_nothing_was_sent() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        seen = talk(f"http://127.0.0.1:{closed.getsockname()[1]}")

    assert (seen.sent, seen.fault) == (False, Fault.REFUSED)


def test_a_name_without_address_means_nothing_was_sent() -> None:
    seen = talk("https://nowhere.invalid")

    assert (seen.sent, seen.fault) == (False, Fault.RESOLVE)


def test_a_name_that_leads_home_is_not_called_by_https_unless_pinned() -> None:
    seen = talk("https://localhost:1")

    assert (seen.sent, seen.fault) == (False, Fault.RESOLVE)
    assert "not an address of the public internet" in seen.response_transcript


def test_a_failed_handshake_means_nothing_was_sent() -> None:
    with raw_server(saying(b"HTTP/1.1 400 Bad Request\r\n\r\n"), reads_first=False) as server:
        seen = talk(f"https://127.0.0.1:{server.port}", address="127.0.0.1")

    assert (seen.sent, seen.fault) == (False, Fault.TLS)


def test_a_pinned_address_is_connected_to_and_the_host_header_stays(friendly: RawServer) -> None:
    seen = talk(f"http://gateway.example:{friendly.port}", address="127.0.0.1")

    assert seen.status == 200
    assert f"Host: gateway.example:{friendly.port}".encode() in friendly.requests[0]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_reported_and_its_target_hears_nothing(status: int, friendly: RawServer) -> None:
    location = f"Location: {friendly.url}/elsewhere\r\n".encode()

    seen = talk_to(answering(b"", status=f"{status} Moved", headers=location))

    assert (seen.fault, seen.status) == (None, status)
    assert friendly.connections == 0


def test_proxies_and_netrc_of_the_environment_are_ignored(
    friendly: RawServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login spy password spy\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    with raw_server(saying(OK)) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        seen = talk(friendly.url)

    assert (seen.status, proxy.connections) == (200, 0)
    assert friendly.requests[0].count(b"Authorization:") == 1
    assert b"Authorization: Basic c2VjcmV0" in friendly.requests[0]


def test_a_worker_that_is_late_sends_nothing(friendly: RawServer) -> None:
    def too_old() -> None:
        raise LeaseTooOld

    seen = talk(friendly.url, before_write=too_old)

    assert (seen.sent, seen.fault) == (False, Fault.LEASE)
    time.sleep(0.05)
    assert friendly.requests in ([], [b""])


def test_the_crash_points_stand_where_they_say(friendly: RawServer) -> None:
    story: list[tuple[str, int]] = []

    def note(word: str) -> None:
        time.sleep(0.05)
        story.append((word, len(friendly.requests)))

    talk(friendly.url, before_write=lambda: note("before_write"), crash_point=note)

    assert story == [("before_send", 0), ("before_write", 0), ("after_send", 1), ("after_response", 1)]


def test_after_send_comes_before_the_answer_is_read() -> None:
    order: list[str] = []

    def wait_then_answer(connection: socket.socket) -> None:
        time.sleep(0.2)
        order.append("answered")
        connection.sendall(OK)

    with raw_server(wait_then_answer) as server:
        talk(server.url, crash_point=order.append)

    assert order == ["before_send", "after_send", "answered", "after_response"]


def test_a_request_that_cannot_be_written_is_kept_at_home(friendly: RawServer) -> None:
    hostile = FrozenRequest(method="POST", path="/x", headers={"Origin": "a\r\nX-Evil: 1"}, body=b"")

    seen = exchange(a_door(friendly.url), hostile, authorization="Basic x", scrub=lambda text, _door: text)

    assert (seen.sent, friendly.connections) == (False, 0)
