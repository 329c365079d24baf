"""Keys of a trial: made once, private, and the same for processes that start together."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cryptography.fernet import Fernet

from smartpay_dashboard.local_keys import local_credentials_key, local_secret_key


def test_a_key_is_made_once(tmp_path: Path) -> None:
    first = local_secret_key(tmp_path)

    assert local_secret_key(tmp_path) == first
    assert len(first) >= 50


def test_two_installations_have_two_keys(tmp_path: Path) -> None:
    assert local_secret_key(tmp_path / "one") != local_secret_key(tmp_path / "two")


def test_a_key_file_is_for_its_owner_only(tmp_path: Path) -> None:
    local_credentials_key(tmp_path)

    assert stat.S_IMODE((tmp_path / "credentials_key").stat().st_mode) == 0o600


def test_the_credentials_key_encrypts(tmp_path: Path) -> None:
    box = Fernet(local_credentials_key(tmp_path))

    assert box.decrypt(box.encrypt(b"secret")) == b"secret"


def test_processes_that_start_together_get_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(lambda _turn: local_secret_key(tmp_path), range(64)))

    assert len(keys) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]
