"""A shop that talks to the API as a program would: a token, requests in JSON, answers with their problems."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from orders.models import GatewayAccount, Merchant, Source
from orders.tokens import SCOPES, NewToken, create_token
from tests import factories

ROOT = "/api/v1/"


@dataclass(frozen=True)
class Answered:
    """Status, headers in lower case, and the JSON that came."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def code(self) -> str:
        """The problem's code."""
        return str(self.json["code"])

    @property
    def detail(self) -> str:
        """The problem's sentence."""
        return str(self.json["detail"])


@dataclass
class Shop:
    """One token of one merchant, and its requests."""

    made: NewToken
    account: GatewayAccount
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def get(self, path: str, **query: Any) -> Answered:
        return self.send("GET", path, query=query)

    def put(self, path: str, body: Any) -> Answered:
        return self.send("PUT", path, body=body)

    def post(self, path: str, body: Any, *, key: str | None = None) -> Answered:
        return self.send("POST", path, body=body, key=key)

    def ask(self, transaction_id: int, noun: str, body: Any, *, key: str | None = None) -> Answered:
        """One request for money, with a fresh key unless told."""
        return self.post(f"transactions/{transaction_id}/{noun}", body, key=key or str(uuid.uuid4()))

    def send(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        raw: bytes | None = None,
        key: str | None = None,
        query: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        media_type: str = "application/json",
    ) -> Answered:
        """`raw` instead of `body` sends these very bytes; a header of `headers` set to "" is left out."""
        given = {"Authorization": f"Bearer {self.made.plain}"}
        if key is not None:
            given["Idempotency-Key"] = key
        given |= headers or {}
        content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        answer = self.client.generic(
            method,
            ROOT + path,
            content,
            content_type=media_type,
            query_params=query,
            headers={name: value for name, value in given.items() if value},
        )
        lower = {name.lower(): value for name, value in answer.headers.items()}
        return Answered(status=answer.status_code, headers=lower, content=answer.content)


def a_token(
    merchant: Merchant, *, scopes: Collection[str] = tuple(SCOPES), by: User | None = None, **words: Any
) -> NewToken:
    """A token that may do everything unless told otherwise."""
    return create_token(
        merchant=merchant,
        name=words.pop("name", "") or f"shop {uuid.uuid4().hex[:8]}",
        scopes=scopes,
        by=by or factories.a_person(groups=[], is_superuser=True),
        source=Source.COMMAND,
        **words,
    )


def a_shop(*, account: GatewayAccount | None = None, scopes: Collection[str] = tuple(SCOPES), **words: Any) -> Shop:
    """A shop of the account's merchant."""
    account = account or factories.an_account()
    return Shop(made=a_token(account.merchant, scopes=scopes, **words), account=account)


def an_order_body(**words: Any) -> dict[str, Any]:
    """An order as a shop sends it."""
    return {
        "currency": "EUR",
        "amount": 4_999,
        "customer_name": "Jana Novák",
        "customer_email": "jana@shop.example",
        "transactions": [{"reference": str(uuid.uuid4())}],
        **words,
    }
