"""The cache never breaks a page: a server that is away is an empty cache, and is left alone for a while."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from smartpay_dashboard.cache import SILENCE_SECONDS, ForgivingRedisCache, JsonSerializer


@pytest.fixture(autouse=True)
def _fresh_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ForgivingRedisCache, "_silent_until", 0.0)


@pytest.fixture
def unreachable(tmp_path: Path) -> ForgivingRedisCache:
    return ForgivingRedisCache(f"unix://{tmp_path}/nobody.sock", {})


@pytest.fixture
def black_hole() -> Iterator[ForgivingRedisCache]:
    """A server that accepts and never answers: worse than a closed port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        url = f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
        yield ForgivingRedisCache(url, {"OPTIONS": {"socket_timeout": 0.25, "socket_connect_timeout": 0.25}})


def test_an_unreachable_cache_is_an_empty_one(unreachable: ForgivingRedisCache) -> None:
    unreachable.set("a", 1)

    assert unreachable.get("a", "nothing") == "nothing"
    assert unreachable.get_many(["a"]) == {}
    assert not unreachable.has_key("a")
    assert not unreachable.delete("a")


def test_a_rate_limit_lets_the_click_pass_when_the_cache_is_away(unreachable: ForgivingRedisCache) -> None:
    assert unreachable.add("limit:lock", True)
    assert unreachable.incr("limit:count") == 1


def test_a_page_waits_for_a_silent_cache_once_and_not_for_each_operation(black_hole: ForgivingRedisCache) -> None:
    began = time.monotonic()

    for _turn in range(20):
        black_hole.get("a")

    assert time.monotonic() - began < 1.5


def test_the_cache_is_asked_again_after_the_silence(
    unreachable: ForgivingRedisCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    unreachable.get("a")
    silent_until = ForgivingRedisCache._silent_until

    monkeypatch.setattr(time, "monotonic", lambda: silent_until + 0.1)
    unreachable.get("a")

    assert ForgivingRedisCache._silent_until == pytest.approx(silent_until + 0.1 + SILENCE_SECONDS)


@pytest.mark.parametrize("value", [0, 7, True, None, [1.5, 2.5], {"a": "ü"}, "text"])
def test_values_come_back_as_they_were(value: object) -> None:
    stored = JsonSerializer().dumps(value)
    on_the_wire = stored if isinstance(stored, bytes) else str(stored).encode()

    assert JsonSerializer().loads(on_the_wire) == value


def test_a_pickle_in_the_cache_is_not_run() -> None:
    pickled = b"cos\nsystem\n(S'echo'\ntR."

    with pytest.raises(ValueError, match="Expecting value"):
        JsonSerializer().loads(pickled)
