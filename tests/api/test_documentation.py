"""The page for shops, done word by word: its commands run with curl against a live server, a worker and the sandbox."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from orders.announce import TYPES
from orders.mirror.rounds import refresh_due
from orders.models import GatewayAccount, Modification, ModificationState
from orders.outgoing.signing import new_secret, signature_headers
from orders.tokens import SCOPES
from tests import factories
from tests.browser.worker_process import worker
from tests.commands.running import run
from tests.sandbox_process import SandboxHandle, sandbox

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "api.md"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
KEPT = re.compile(r"^(\w+)=\S+ +# (\S+)$")
MERCHANT_KEY = "3f1c52f0-demo-nordlicht-eu"
PATIENCE_SECONDS = 30


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[SandboxHandle]:
    with sandbox(tmp_path / "sandbox", merchants={MERCHANT_KEY: "secret"}) as running:
        yield running


@pytest.fixture
def account(gateway: SandboxHandle) -> GatewayAccount:
    merchant = factories.a_merchant("Nordlicht Outdoor")
    return factories.an_account(
        merchant=merchant,
        name="Nordlicht Europe",
        base_url=gateway.gateway_url,
        merchant_key=MERCHANT_KEY,
        authentication_key="secret",
    )


class Reader:
    """Somebody who copies the page's commands into a shell, one block after the other."""

    def __init__(self, **words: str) -> None:
        self.words = words
        self.answers: list[Any] = []

    def do(self, block: str) -> None:
        lines = block.strip().splitlines()
        if all("=" in line.split()[0] and not line.startswith("curl") for line in lines):
            self._keep(lines)
            return
        done = subprocess.run(
            ["bash", "-euc", block], env={**os.environ, **self.words}, capture_output=True, text=True, check=True
        )
        self.answers = _every_json(done.stdout)

    @property
    def answer(self) -> Any:
        return self.answers[-1] if self.answers else None

    def _keep(self, lines: list[str]) -> None:
        for line in lines:
            kept = KEPT.match(line)
            if kept is not None:
                self.words[kept[1]] = str(_at(self.answer, kept[2]))
            else:
                assert line.split("=")[0] in self.words, f"the page sets {line}, and the test does not know it"


def _every_json(printed: str) -> list[Any]:
    """The answers of several commands, one after the other."""
    found = []
    while printed := printed.strip():
        value, end = json.JSONDecoder().raw_decode(printed)
        found.append(value)
        printed = printed[end:]
    return found


def _at(answer: Any, path: str) -> Any:
    for word in re.findall(r"\w+", path):
        answer = answer[int(word) if word.isdigit() else word]
    return answer


def _differences(expected: Any, answer: Any, where: str = "") -> list[str]:
    """Where the answer does not say what the page says it says."""
    if isinstance(expected, dict):
        return [
            found
            for name, value in expected.items()
            for found in _differences(value, answer.get(name) if isinstance(answer, dict) else None, f"{where}/{name}")
        ]
    if isinstance(expected, list):
        return [
            found
            for index, value in enumerate(expected)
            for found in _differences(value, answer[index], f"{where}/{index}")
        ]
    return [] if expected == answer else [f"{where}: the page says {expected!r}, the answer {answer!r}"]


def _blocks() -> list[tuple[str, str]]:
    return [(found[1], found[2]) for found in BLOCK.finditer(PAGE.read_text(encoding="utf-8"))]


def test_every_command_of_the_page_does_what_the_page_says(
    live_server: LiveServer, gateway: SandboxHandle, account: GatewayAccount, tmp_path: Path, settings: Settings
) -> None:
    settings.ALLOW_INSECURE_GATEWAYS = True
    factories.a_person("admin", groups=[], is_superuser=True)
    folder = tmp_path / "worker"
    folder.mkdir()
    blocks = _blocks()
    told = shlex.split(blocks[0][1].replace("\\\n", " "))
    assert told[:2] == [".venv/bin/python", "manage.py"]
    token = run(*told[2:]).out.strip()
    reader = Reader(API=f"{live_server.url}/api/v1", TOKEN=token, SANDBOX=gateway.url)

    with worker(folder):
        for number, (language, block) in enumerate(blocks[1:], start=1):
            if language != "sh":
                continue
            reader.do(block)
            following = blocks[number + 1] if number + 1 < len(blocks) else ("", "")
            shown = json.loads(following[1]) if following[0] == "json" else {}
            assert "code" in shown or not any("code" in answer for answer in reader.answers), reader.answers
            _until_it_says(shown, reader, block)

    assert Modification.objects.filter(state=ModificationState.SUCCEEDED, kind="capture").count() == 1


def _until_it_says(expected: Any, reader: Reader, block: str) -> None:
    """Reading is repeated until gateway and worker have done their part; what asks for something is done once."""
    asks = "-d " in block
    deadline = time.monotonic() + PATIENCE_SECONDS
    while differences := _differences(expected, reader.answer):
        assert not asks, differences
        assert time.monotonic() < deadline, differences
        refresh_due()
        time.sleep(0.2)
        reader.do(block)


def test_the_signature_is_checked_as_the_page_says() -> None:
    secret, message_id, body = new_secret(), "5f3a0b0e", b'{"type":"modification.succeeded","data":{"amount":4999}}'
    words = {"SECRET": secret, "ID": message_id, "TIMESTAMP": "1795226400", "BODY": body.decode()}
    (block,) = [block for language, block in _blocks() if language == "bash"]

    done = subprocess.run(
        ["bash", "-euc", block], env={**os.environ, **words}, capture_output=True, text=True, check=True
    )

    sent = signature_headers(secret=secret, message_id=message_id, timestamp=1795226400, body=body)
    assert f"v1,{done.stdout.strip()}" == sent["webhook-signature"]


def test_the_page_names_every_type_of_announcement() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert [name for name in TYPES if name != "endpoint.test" and name.partition(".")[2] not in page] == []


def test_the_page_names_every_scope() -> None:
    assert set(re.findall(r"^\| `(\w+:\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)) == set(SCOPES)


def test_the_example_of_an_answer_holds_only_fields_that_exist() -> None:
    from orders.api.document import document

    known = {name for schema in document()["components"]["schemas"].values() for name in schema.get("properties", {})}
    shown = {name for language, block in _blocks() if language == "json" for name in re.findall(r'"(\w+)":', block)}

    assert shown <= known
