"""What can go wrong between us and a gateway (F14 to F28): whatever it is, a refund happens once and is never lost."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from orders.database import database_now
from orders.gateways.base import Kind
from orders.models import Modification, ModificationState, Source, Transaction
from orders.modifications import review
from orders.modifications.withdraw import withdraw
from tests.failures.places import CELLS, WHOLE, Place, a_payment, a_place, amount_for, for_kind, next_turn, worked
from tests.gateways.raw_server import raw_server, saying
from tests.modifications import steps
from tests.modifications.proposing import confirm
from tests.sandbox_process import SandboxHandle

pytestmark = [pytest.mark.django_db, pytest.mark.process]
S = ModificationState

EXECUTED_UNHEARD = (
    *("lose_reply", "hang_after", "error_500_after", "drip_body"),
    *("truncate", "endless", "html_200", "empty_200", "bad_json"),
)
LATE_SECONDS = 2.0
"""The gateway begins after the client has given up."""
NOTHING_HAPPENED = ("reset_before", "close_before", "error_500_before", "error_502_html", "conflict_409")


def a_refund(place: Place, amount: int = 2_550) -> Modification:
    return steps.asked(place.payment(WHOLE), Kind.REFUND, amount)


def reserved(row: Modification) -> tuple[int, int]:
    """What is held back, and what is booked as refunded."""
    transaction = Transaction.objects.get(pk=row.transaction_id)
    return transaction.refunding, transaction.refunded


def quarantine_over(row: Modification) -> Modification:
    """So much later that nobody expects a late answer or a webhook any more."""
    Modification.objects.filter(pk=row.pk).update(last_sent_at=database_now() - timedelta(days=1))
    return next_turn(row)


@pytest.mark.parametrize("fault", EXECUTED_UNHEARD)
def test_what_was_done_unheard_is_unknown_then_found_out_and_done_once(place: Place, fault: str) -> None:
    row = a_refund(place)
    place.spoil(row, fault)

    row = worked(row)
    assert (row.state, reserved(row)) == (S.UNKNOWN, (2_550, 0)), row.reason_text
    row = place.follow(row)

    assert (row.state, reserved(row)) == (S.SUCCEEDED, (0, 2_550)), row.reason_text
    assert place.executions(row) == [("refund", 2_550)]
    assert len(set(place.requests(row))) == 1


@pytest.mark.usefixtures("_unhurried")
@pytest.mark.parametrize(("at", "kind"), CELLS)
def test_every_kind_is_done_once_although_its_answer_was_lost(gateway: SandboxHandle, at: str, kind: Kind) -> None:
    with a_place(at, gateway) as place:
        row = steps.asked(for_kind(place.payment, kind), kind, amount_for(kind))
        place.spoil(row, "lose_reply")

        row = worked(row)
        assert (row.state, row.transaction.unknown_count) == (S.UNKNOWN, 1), row.reason_text
        row = place.follow(row)

        assert (row.state, row.transaction.unknown_count) == (S.SUCCEEDED, 0), row.reason_text
        there = "cancelOrRefund" if kind is Kind.CANCEL_OR_REFUND else kind.value
        assert place.executions(row) == [(there, amount_for(kind))]


@pytest.mark.parametrize("fault", NOTHING_HAPPENED)
def test_what_never_happened_is_unknown_too_and_sent_again_only_where_that_is_safe(place: Place, fault: str) -> None:
    row = a_refund(place)
    place.spoil(row, fault)

    row = worked(row)
    assert (row.state, reserved(row), place.executions(row)) == (S.UNKNOWN, (2_550, 0), [])
    if place.can_be_asked:
        row = place.follow(row)
        assert (row.state, place.executions(row)) == (S.SUCCEEDED, [("refund", 2_550)])
        assert len(set(place.requests(row))) == 1
    else:
        row = quarantine_over(row)
        assert (row.state, reserved(row), place.executions(row)) == (S.REVIEW, (2_550, 0), [])
        assert len(place.requests(row)) == 1


def test_a_request_that_is_carried_out_late_is_carried_out_once(place: Place) -> None:
    row = a_refund(place)
    place.spoil(row, "slow", seconds=LATE_SECONDS)

    row = worked(row)
    assert (row.state, place.executions(row)) == (S.UNKNOWN, [])
    row = next_turn(row)
    assert not row.finished, "whoever does not find it yet knows nothing"
    time.sleep(LATE_SECONDS)
    row = place.follow(row)

    assert (row.state, reserved(row)) == (S.SUCCEEDED, (0, 2_550))
    assert place.executions(row) == [("refund", 2_550)]


@pytest.mark.parametrize("fault", ["redirect_302", "redirect_307"])
def test_a_redirect_is_not_followed_and_stops_the_account(place: Place, fault: str) -> None:
    row = a_refund(place)
    hits = place.sandbox.control_get("redirect-hits")["count"]
    place.spoil(row, fault)

    row = worked(row)

    place.account.refresh_from_db()
    assert (row.state, reserved(row), place.account.paused) == (S.REVIEW, (2_550, 0), True)
    assert (place.executions(row), len(place.requests(row))) == ([], 1)
    assert place.sandbox.control_get("redirect-hits")["count"] == hits


@pytest.mark.parametrize("fault", ["unauthorized", "forbidden"])
def test_a_refused_key_fails_nothing_and_once_it_is_mended_everything_goes_on(place: Place, fault: str) -> None:
    row, other = a_refund(place), a_refund(place, 1_000)
    place.spoil(row, fault)
    Modification.objects.filter(pk=other.pk).update(due_at=database_now() + timedelta(hours=1))

    row = worked(row)
    place.account.refresh_from_db()
    assert (row.state, row.first_sent_at, place.account.paused) == (S.QUEUED, None, True)
    other = next_turn(other)
    assert (other.state, place.requests(other)) == (S.QUEUED, []), "nothing of a paused account is sent"

    first, second = (supervisor_of(row) for _ in range(2))
    proposal = review.propose_resumption(
        account_id=row.account_id, evidence_text="The key was rotated.", by=first, source=Source.PAGE
    )
    confirm(proposal, by=second)
    row, other = next_turn(row), next_turn(other)

    assert (row.state, other.state) == (S.SUCCEEDED, S.SUCCEEDED)
    assert (place.executions(row), place.executions(other)) == ([("refund", 2_550)], [("refund", 1_000)])


@pytest.mark.parametrize("fault", ["too_many", "unavailable"])
def test_a_gateway_that_asks_for_time_gets_it_for_the_whole_account(place: Place, fault: str) -> None:
    row, other = a_refund(place), a_refund(place, 1_000)
    Modification.objects.filter(pk=other.pk).update(due_at=database_now() + timedelta(hours=1))
    place.spoil(row, fault, seconds=60)

    row = worked(row)
    other = next_turn(other)

    assert (row.state, reserved(row)) == (S.UNKNOWN, (2_550, 0)), "asked to wait is neither done nor refused"
    assert row.due_at is not None
    assert row.due_at > database_now() + timedelta(seconds=50)
    assert (other.state, place.requests(other)) == (S.QUEUED, []), "the others of this account wait as well"
    assert place.executions(row) == []


def forgets_its_answers(place: Place, *, forgets: bool) -> None:
    place.sandbox.control(
        "dials",
        replay="off" if forgets else "on",
        orderReplaySeconds=0 if forgets else 6 * 3600,
        smarterpayIdempotency="off" if forgets else "on",
    )


@pytest.fixture
def forgetful(place: Place, gateway: SandboxHandle) -> Iterator[Place]:
    """A gateway that promised to repeat its first answer and does not; of C's accounts one that relies on it."""
    forgets_its_answers(place, forgets=True)
    if place.can_be_asked:
        yield place
    else:
        profile = {"deadline_seconds": 1, "replays": True, "replay_window_seconds": 3600}
        with a_place(place.gateway, gateway, profile=profile) as relying:
            yield relying
    forgets_its_answers(place, forgets=False)


def test_a_refusal_of_a_repeat_is_no_failure_when_the_first_send_was_done(forgetful: Place) -> None:
    row = a_refund(forgetful, WHOLE)
    forgetful.spoil(row, "lose_reply")

    row = next_turn(worked(row))
    assert not row.finished, row.reason_text
    assert reserved(row) == (WHOLE, 0)
    row = forgetful.follow(row)

    assert (row.state, reserved(row)) == (S.SUCCEEDED, (0, WHOLE))
    assert forgetful.executions(row) == [("refund", WHOLE)]


@pytest.mark.parametrize("trouble", ["refused", "no name", "handshake"])
def test_what_never_left_this_host_was_not_sent_and_may_be_withdrawn(
    place: Place, gateway: SandboxHandle, trouble: str
) -> None:
    with raw_server(saying(b"HTTP/1.1 400 Bad Request\r\n\r\n"), reads_first=False) as plain:
        addresses = {
            "refused": f"http://127.0.0.1:{_closed_port()}",
            "no name": "http://nowhere.invalid",
            "handshake": f"https://127.0.0.1:{plain.port}",
        }
        with a_place(place.gateway, gateway, base_url=addresses[trouble]) as unreachable:
            row = worked(steps.asked(a_payment(unreachable.account, WHOLE), Kind.REFUND, 2_550))
            again = next_turn(row)

    assert (row.state, row.first_sent_at, reserved(row)) == (S.QUEUED, None, (2_550, 0)), row.reason_text
    assert (again.state, again.first_sent_at) == (S.QUEUED, None)
    withdraw(modification_id=row.pk, by=steps.an_agent(row.transaction), source=Source.PAGE)
    assert reserved(row) == (0, 0)


def test_every_money_call_has_a_connection_of_its_own_whatever_the_gateway_offers(
    place: Place, gateway: SandboxHandle
) -> None:
    keeps_open = b"HTTP/1.1 500 Oops\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n{}"
    with raw_server(saying(keeps_open)) as server, a_place(place.gateway, gateway, base_url=server.url) as deaf:
        for amount in (1_000, 2_000):
            worked(steps.asked(a_payment(deaf.account, WHOLE), Kind.REFUND, amount))

        assert server.connections == len(server.requests) == 2
        assert all(b"Connection: close" in request for request in server.requests)


def test_neither_a_proxy_nor_a_netrc_of_the_environment_sees_or_changes_a_request(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with raw_server(saying(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        row = worked(a_refund(place))

    assert row.state == S.SUCCEEDED, row.reason_text
    assert proxy.connections == 0


def supervisor_of(row: Modification) -> User:
    return steps.an_agent(row.transaction, groups=("supervisor",))


def _closed_port() -> int:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        return int(closed.getsockname()[1])
