"""Log lines: one a event, JSON, with ids, without a secret or a person in them."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest
import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied

from orders.observability import (
    bind_modification,
    configure_logging,
    logging_settings,
    scrubbed_text,
    unbind_modification,
)

CANARIES = [
    "Basic bWVyY2hhbnQ6c2VjcmV0",
    "Bearer abcdef0123456789",
    "jane.doe@example.com",
    "hunter2-password",
]


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What has been told since, as read by a machine."""
    told = listen(style="json")
    yield lambda: [json.loads(line) for line in told.getvalue().splitlines()]
    configure_logging(settings.LOGGING)


def listen(*, style: Literal["json", "console"]) -> io.StringIO:
    told = io.StringIO()
    wanted = logging_settings(style=style, level="INFO")
    wanted["handlers"]["out"]["stream"] = told
    configure_logging(wanted)
    return told


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("Authorization: Basic bWVyY2hhbnQ6c2VjcmV0", "Authorization: Basic [redacted]"),
        ("mail to jane.doe@example.com failed", "mail to [redacted] failed"),
        ("redis://:hunter2@broker:6379/0 refused", "redis://:[redacted]@broker:6379/0 refused"),
        ("postgres://shop:hunter2@db/shop", "postgres://shop:[redacted]@db/shop"),
        ("GET /search/?q=Jane+Doe", "GET /search/?[redacted]"),
        ("The capture of 12.50 EUR succeeded.", "The capture of 12.50 EUR succeeded."),
    ],
)
def test_text_loses_what_nobody_may_read(told: str, kept: str) -> None:
    assert scrubbed_text(told) == kept


def test_no_canary_reaches_a_line(lines: Any) -> None:
    log = structlog.get_logger("test")

    log.info(
        "sent",
        headers={"Authorization": CANARIES[0], "nested": [{"authenticationKey": CANARIES[3]}]},
        note=f"to {CANARIES[2]} with {CANARIES[1]}",
        password=CANARIES[3],
    )
    logging.getLogger("other").warning("failed for %s with %s", CANARIES[2], CANARIES[1])

    told = json.dumps(lines())
    assert "sent" in told
    assert not [canary for canary in CANARIES if canary in told]


def test_a_traceback_is_scrubbed_and_stays_in_its_line(lines: Any) -> None:
    try:
        raise ValueError(CANARIES[2])
    except ValueError:
        structlog.get_logger("test").exception("broken")

    (line,) = lines()
    assert "ValueError" in line["exception"]
    assert CANARIES[2] not in line["exception"]


def test_a_line_end_in_a_value_cannot_forge_a_line(lines: Any) -> None:
    structlog.get_logger("test").info("search", words='x\r\n{"event": "forged"}')

    (line,) = lines()
    assert line["event"] == "search"
    assert line["words"] == 'x\\r\\n{"event": "forged"}'


def test_the_modification_id_is_on_every_line_until_it_is_taken_off(lines: Any) -> None:
    log = structlog.get_logger("test")

    bind_modification("4f1c")
    log.info("claimed")
    logging.getLogger("other").info("sent")
    unbind_modification()
    log.info("idle")

    assert [line.get("modification_id") for line in lines()] == ["4f1c", "4f1c", None]


@pytest.mark.django_db
def test_a_request_is_told_once_with_its_id_and_without_its_query(lines: Any, client: Any) -> None:
    client.get("/healthz?q=Jane+Doe")

    (line,) = lines()
    assert (line["event"], line["code"]) == ("request_finished", 200)
    assert len(line["request_id"]) == 36
    assert "Jane" not in json.dumps(line)


@pytest.mark.usefixtures("lines")
@pytest.mark.parametrize(("level", "traced"), [(logging.WARNING, False), (logging.ERROR, True)])
def test_a_refused_request_has_no_traceback_and_a_broken_one_has(lines: Any, level: int, traced: bool) -> None:
    try:
        raise PermissionDenied("You do not have the permission.")
    except PermissionDenied:
        logging.getLogger("django.request").log(level, "Forbidden: %s", "/tokens/", exc_info=True)

    (line,) = lines()
    assert line["event"] == "Forbidden: /tokens/"
    assert ("exception" in line) is traced


def test_people_may_read_lines_without_json() -> None:
    told = listen(style="console")

    structlog.get_logger("test").info("sent", to=CANARIES[2])

    assert "sent" in told.getvalue()
    assert CANARIES[2] not in told.getvalue()


@pytest.mark.parametrize(
    ("program", "stream"),
    [("manage.py", "ext://sys.stderr"), ("/srv/bin/celery", "ext://sys.stdout"), ("granian", "ext://sys.stdout")],
)
def test_a_command_keeps_its_standard_output_for_its_answer(
    program: str, stream: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [program])

    assert logging_settings(style="json", level="INFO")["handlers"]["out"]["stream"] == stream
