"""Who comes in: the token of the Authorization header, its scopes, and its requests of this minute."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer

from orders.api.limits import count_request
from orders.api.problems import Problem
from orders.models import ApiToken
from orders.tokens import NotAccepted, token_of

REALM = 'Bearer realm="orders"'


class Bearer(HttpBearer):
    """Lets a token in that has every one of the scopes. Raises a 401, 403 or 429 Problem."""

    def __init__(self, *scopes: str) -> None:
        super().__init__()
        self.scopes = scopes

    def __call__(self, request: HttpRequest) -> ApiToken:
        kind, _, plain = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer":
            raise Problem(
                401,
                "no_token",
                "Send your token in the header Authorization: Bearer sod_…. Nothing was done.",
                headers={"WWW-Authenticate": REALM},
            )
        return self.authenticate(request, plain.strip())

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken:
        """The token's row."""
        try:
            row = token_of(token, now=timezone.now())
        except NotAccepted as refusal:
            headers = {"WWW-Authenticate": f'{REALM}, error="invalid_token"'}
            raise Problem(401, refusal.code, str(refusal), headers=headers) from refusal
        count_request(row.pk)
        missing = [scope for scope in self.scopes if scope not in row.scopes]
        if missing:
            needed = " ".join(self.scopes)
            raise Problem(
                403,
                "insufficient_scope",
                f"This token has no {' and no '.join(missing)}. Nothing was done; make a token that has it.",
                headers={"WWW-Authenticate": f'{REALM}, error="insufficient_scope", scope="{needed}"'},
            )
        return row


def token_in(request: HttpRequest) -> ApiToken:
    """The token that `Bearer` let in with this request."""
    token = getattr(request, "auth", None)
    assert isinstance(token, ApiToken), "the entrance stands before every room"
    return token


def for_scopes(*scopes: str) -> dict[str, Any]:
    """What an operation passes to its router: who may come in, and the same for the document."""
    return {"auth": Bearer(*scopes), "openapi_extra": {"security": [{"Bearer": list(scopes)}]}}
