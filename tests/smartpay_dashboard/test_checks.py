"""Production refuses to start on each weak setting, and starts without any."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings

from smartpay_dashboard import checks
from tests.factories import an_account
from tests.smartpay_dashboard.fresh_settings import production, run_python

WEAK = {
    "E002": {"SECRET_KEY": "short"},
    "E003": {"CREDENTIALS_KEYS": "not a fernet key"},
    "E004": {"DEBUG": "1"},
    "E005": {"ALLOW_INSECURE_GATEWAYS": "1"},
    "E006": {"SECURE_COOKIES": "0"},
    "E007": {"ALLOWED_HOSTS": "*"},
    "E008": {"PUBLIC_URL": "http://pay.example.com"},
    "E009": {"LEASE_GRACE_SECONDS": "210"},
    "E011": {"CRASH_FOLDER": "somewhere"},
}


def test_a_fit_installation_passes_the_deployment_check(tmp_path: Path) -> None:
    told = run_python(["manage.py", "check", "--deploy", "--fail-level", "ERROR"], production(tmp_path))

    assert told.returncode == 0, told.stderr


@pytest.mark.parametrize("name", WEAK)
def test_each_weak_setting_is_refused(name: str, tmp_path: Path) -> None:
    told = run_python(["manage.py", "check"], production(tmp_path, **WEAK[name]))

    assert told.returncode == 1
    assert f"dashboard.{name}" in told.stderr


@pytest.mark.parametrize("missing", ["SECRET_KEY", "CREDENTIALS_KEYS", "ALLOWED_HOSTS"])
def test_each_missing_setting_is_refused(missing: str, tmp_path: Path) -> None:
    told = run_python(["manage.py", "check"], production(tmp_path, **{missing: ""}))

    assert told.returncode == 1
    assert missing in told.stderr


def test_the_web_process_does_not_start_on_a_weak_setting(tmp_path: Path) -> None:
    weak = production(tmp_path, ALLOW_INSECURE_GATEWAYS="1")

    told = run_python(["-c", "import smartpay_dashboard.wsgi"], weak)

    assert told.returncode == 1
    assert "Nothing was started" in told.stderr
    assert "ALLOW_INSECURE_GATEWAYS" in told.stderr


@pytest.mark.parametrize("process", ["worker", "beat"])
def test_worker_and_beat_do_not_start_on_a_weak_setting(process: str, tmp_path: Path) -> None:
    weak = production(tmp_path, DEBUG="1")

    told = run_python(["-m", "celery", "-A", "smartpay_dashboard", "-q", process], weak)

    assert told.returncode == 1
    assert "dashboard.E004" in told.stdout + told.stderr


def test_a_trial_is_not_ready_for_deployment(tmp_path: Path) -> None:
    told = run_python(["manage.py", "check", "--deploy"], {"DATA_DIR": str(tmp_path)})

    assert told.returncode == 1
    assert "PRODUCTION is off" in told.stderr


@pytest.mark.django_db
@pytest.mark.parametrize("base_url", ["http://gateway.example.com", "https://127.0.0.1:8001/smartpay"])
def test_production_refuses_an_account_that_leads_to_the_sandbox(base_url: str, settings: Settings) -> None:
    an_account(name="trial", base_url=base_url)
    settings.PRODUCTION = True

    (found,) = checks.accounts_for_production()

    assert found.id == "dashboard.E010"
    assert "trial" in found.msg


@pytest.mark.django_db
def test_production_accepts_a_gateways_address(settings: Settings) -> None:
    an_account(base_url="https://api.gateway.example.com/smartpay")
    settings.PRODUCTION = True

    assert checks.accounts_for_production() == []


@pytest.mark.parametrize(
    "base_url",
    [
        "http://api.example.com",
        "https://localhost/x",
        "https://a.localhost/",
        "https://10.0.0.8/",
        "https://169.254.169.254/",
        "https://[::1]/",
        "https://[fd00::1]/",
        "https://192.168.1.2/",
        "ftp://api.example.com",
    ],
)
def test_an_address_of_this_network_is_insecure(base_url: str) -> None:
    assert checks.insecure_address(base_url)


@pytest.mark.parametrize("base_url", ["https://api.example.com/smartpay", "https://8.8.8.8/"])
def test_a_public_address_with_tls_is_not_insecure(base_url: str) -> None:
    assert not checks.insecure_address(base_url)
