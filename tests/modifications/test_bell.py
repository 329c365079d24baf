"""The click never waits for the broker: rings are dropped, swallowed or late, and nothing is lost by it."""

from __future__ import annotations

import os
import queue
import select
import signal
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from orders.modifications import bell

WAIT_SECONDS = 5.0


@pytest.fixture
def rings(monkeypatch: pytest.MonkeyPatch) -> queue.Queue[Any]:
    """An empty queue of its own that nobody reads."""
    empty: queue.Queue[Any] = queue.Queue(3)
    monkeypatch.setattr(bell, "_rings", empty)
    monkeypatch.setattr(bell, "_started_in", os.getpid())
    return empty


@pytest.fixture
def ringer(rings: queue.Queue[Any], monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., object]], None]:
    """Start a ringer thread that meets this broker."""

    def start(broker: Callable[..., object]) -> None:
        monkeypatch.setattr("orders.modifications.bell.current_app", SimpleNamespace(send_task=broker))
        monkeypatch.setattr(bell, "_started_in", None)
        bell.ring("first")

    return start


def until(condition: Callable[[], bool]) -> bool:
    ends_at = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < ends_at and not condition():
        time.sleep(0.005)
    return condition()


def test_a_full_queue_drops_the_ring_and_the_click_goes_on(rings: queue.Queue[Any]) -> None:
    for number in range(10):
        bell.ring(str(number))

    assert rings.qsize() == 3
    assert [rings.get_nowait()[1] for _ in range(3)] == ["0", "1", "2"]


def test_a_ring_carries_a_task_name_and_an_id_and_is_not_published_with_retries(
    ringer: Callable[[Callable[..., object]], None],
) -> None:
    sent: list[Any] = []

    ringer(lambda task, **options: sent.append((task, options)))

    assert until(lambda: bool(sent))
    [(task, options)] = sent
    assert task == "orders.modifications.tasks.ring"
    assert options == {"args": ["first"], "ignore_result": True, "retry": False, "expires": 60}


def test_a_broker_that_is_down_stops_neither_the_click_nor_the_next_ring(
    ringer: Callable[[Callable[..., object]], None],
) -> None:
    tried: list[str] = []

    def refuse(task: str, *, args: list[str], **_: Any) -> None:
        tried.append(args[0])
        raise ConnectionError("nobody listens")

    ringer(refuse)
    assert until(lambda: tried == ["first"])
    bell.ring("second")

    assert until(lambda: tried == ["first", "second"])


def test_a_broker_that_never_answers_does_not_keep_the_click_waiting(
    ringer: Callable[[Callable[..., object]], None],
) -> None:
    answers = threading.Event()

    ringer(lambda *_, **__: answers.wait(WAIT_SECONDS))
    began = time.monotonic()
    for number in range(100):
        bell.ring(str(number))
    took = time.monotonic() - began

    answers.set()
    assert took < 0.5


def test_many_waiting_rings_become_one_and_every_refresh_is_kept(rings: queue.Queue[Any]) -> None:
    for message in [(bell.RING, "1"), (bell.REFRESH, "7"), (bell.RING, "2")]:
        rings.put(message)

    bell._coalesce(bell.RING)

    assert list(rings.queue) == [(bell.REFRESH, "7")]


def test_a_refresh_does_not_swallow_the_rings_behind_it(rings: queue.Queue[Any]) -> None:
    rings.put((bell.RING, "1"))

    bell._coalesce(bell.REFRESH)

    assert rings.qsize() == 1


def test_a_refresh_is_asked_for_by_its_own_task(rings: queue.Queue[Any]) -> None:
    bell.ring_refresh(42)

    assert list(rings.queue) == [("orders.mirror.tasks.refresh", "42")]


def test_one_thread_rings_for_the_whole_process(ringer: Callable[[Callable[..., object]], None]) -> None:
    sent: list[str] = []
    ringer(lambda task, **_: sent.append(task))
    assert until(lambda: bool(sent))
    before = threading.active_count()

    for number in range(5):
        bell.ring(str(number))

    assert threading.active_count() == before


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_rings_with_a_thread_of_its_own(ringer: Callable[[Callable[..., object]], None]) -> None:
    reader, writer = os.pipe()
    ringer(lambda _task, *, args, **__: os.write(writer, f"{args[0]} in {os.getpid()};".encode()))
    _read_until(reader, f"first in {os.getpid()};")

    child = os.fork()
    if not child:
        bell.ring("second")
        time.sleep(WAIT_SECONDS)
        os._exit(0)

    _read_until(reader, f"second in {child};")
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _read_until(reader: int, wanted: str) -> None:
    told = ""
    ends_at = time.monotonic() + WAIT_SECONDS
    while wanted not in told:
        assert time.monotonic() < ends_at, told
        if select.select([reader], [], [], 0.1)[0]:
            told += os.read(reader, 1_000).decode()
