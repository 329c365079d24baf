"""The typed environment: files for secrets, all mistakes at once, no secret in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from smartpay_dashboard import conf
from smartpay_dashboard.conf import Environment, is_secret, load


def test_an_empty_environment_is_a_trial_on_this_host() -> None:
    loaded = load({}, env_file=None)

    assert not loaded.PRODUCTION
    assert not loaded.secure
    assert loaded.DATABASE_URL is None
    assert loaded.public_url == "http://127.0.0.1:8000"


def test_production_turns_secure_cookies_on() -> None:
    assert load({"PRODUCTION": "1"}, env_file=None).secure
    assert not load({"PRODUCTION": "1", "SECURE_COOKIES": "0"}, env_file=None).secure


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from a file\n")

    loaded = load({"SECRET_KEY_FILE": str(tmp_path / "key")}, env_file=None)

    assert loaded.SECRET_KEY == "from a file"


def test_keys_from_a_file_are_split_at_commas(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("newest, older\n")

    loaded = load({"CREDENTIALS_KEYS_FILE": str(tmp_path / "keys")}, env_file=None)

    assert loaded.CREDENTIALS_KEYS == ("newest", "older")


def test_what_is_no_secret_is_not_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "port").write_text("1")

    assert load({"PORT_FILE": str(tmp_path / "port")}, env_file=None).PORT == 8000


def test_a_secret_given_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("one")

    with pytest.raises(ImproperlyConfigured, match="both set"):
        load({"SECRET_KEY": "two", "SECRET_KEY_FILE": str(tmp_path / "key")}, env_file=None)


def test_every_mistake_is_told_at_once() -> None:
    wrong = {"PORT": "abc", "DEBUG": "perhaps", "UNDO_SECONDS": "-1", "METRICS_TOKEN_FILE": "/does/not/exist"}

    with pytest.raises(ImproperlyConfigured) as refusal:
        load(wrong, env_file=None)

    assert str(refusal.value).startswith("Nothing was started")
    for name in wrong:
        assert f"- {name}" in str(refusal.value)


def test_a_refusal_does_not_repeat_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conf, "is_secret", lambda name: name == "PORT")

    with pytest.raises(ImproperlyConfigured) as refusal:
        load({"PORT": "hunter2"}, env_file=None)

    assert "PORT" in str(refusal.value)
    assert "hunter2" not in str(refusal.value)


def test_an_empty_variable_is_an_absent_one() -> None:
    loaded = load({"PORT": "", "DATABASE_URL": "", "DEBUG": ""}, env_file=None)

    assert (loaded.PORT, loaded.DATABASE_URL, loaded.DEBUG) == (8000, None, False)


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=7000\nUNDO_SECONDS=30\n")

    loaded = load({"PORT": "9000"}, env_file=tmp_path / ".env")

    assert (loaded.PORT, loaded.UNDO_SECONDS) == (9000, 30)


def test_every_variable_has_a_description() -> None:
    silent = [name for name, field in Environment.model_fields.items() if not field.description]

    assert silent == []


def test_every_key_token_and_url_with_a_password_is_a_secret() -> None:
    secrets = {name for name in Environment.model_fields if is_secret(name)}

    assert secrets == {"SECRET_KEY", "CREDENTIALS_KEYS", "DATABASE_URL", "REDIS_URL", "METRICS_TOKEN", "EMAIL_URL"}


def test_the_brokers_socket_path_fits_a_socket_address(tmp_path: Path) -> None:
    loaded = load({"DATA_DIR": str(tmp_path / ("deep" * 40))}, env_file=None)

    assert len(str(loaded.broker_socket)) < 100


def test_two_data_folders_have_two_brokers(tmp_path: Path) -> None:
    one = load({"DATA_DIR": str(tmp_path / "one")}, env_file=None)
    two = load({"DATA_DIR": str(tmp_path / "two")}, env_file=None)

    assert one.broker_socket != two.broker_socket


def test_the_brokers_socket_leaves_a_runtime_folder_whose_name_is_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short, long = tmp_path, tmp_path / ("x" * 90)
    loaded = conf.load({"DATA_DIR": str(short)}, env_file=None)

    monkeypatch.setenv("XDG_RUNTIME_DIR", str(long))

    assert not loaded.broker_socket.is_relative_to(long)
    assert len(str(loaded.broker_socket)) <= conf.SOCKET_PATH_BYTES
