"""The API put together: its rooms, its strict reading, and one handler for each way in which a request can fail."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import structlog
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.parser import Parser

from orders.api import capabilities, modifications, money, orders, payments, plans, transactions
from orders.api.json_text import BadJson, read_json
from orders.api.problems import Problem, plain_problem, problem_response
from orders.api.validation import field_errors, sentence_of

log = structlog.get_logger(__name__)

DESCRIPTION = (
    "Orders in, captures, cancellations and refunds out. Every amount is a whole number of minor units beside its "
    "currency. Every refusal is a problem (RFC 9457): its `detail` is a sentence for people, its `code` for programs."
)


class StrictParser(Parser):
    """JSON read by our own rules."""

    def parse_body(self, request: HttpRequest) -> Any:
        return read_json(request.body)


def build() -> NinjaAPI:
    """Its addresses, without a page of documentation: `docs/api.md` is that page."""
    api = NinjaAPI(
        title="SmartPay Dashboard",
        version="1",
        description=DESCRIPTION,
        parser=StrictParser(),
        openapi_url=None,
        docs_url=None,
    )
    api.add_router("/orders", orders.router)
    api.add_router("/transactions", transactions.router)
    api.add_router("/transactions", money.router)
    api.add_router("/modifications", modifications.router)
    api.add_router("/payments", payments.router)
    api.add_router("/plans", plans.router)
    api.add_router("/capabilities", capabilities.router)
    handlers: dict[type[Exception], Callable[[HttpRequest, Any], Problem]] = {
        Problem: lambda _, error: error,
        ValidationError: _not_valid,
        HttpError: _not_read,
        RequestDataTooBig: _too_large,
        TooManyFieldsSent: _too_many,
        Http404: lambda _, __: plain_problem(404),
        OperationalError: _busy,
        InterfaceError: _busy,
        Exception: _broken,
    }
    for error, tell in handlers.items():
        api.add_exception_handler(error, partial(_answer, tell=tell))
    return api


def _answer(request: HttpRequest, error: Exception, *, tell: Callable[[HttpRequest, Any], Problem]) -> HttpResponse:
    return problem_response(request, tell(request, error))


def _not_valid(_: HttpRequest, error: ValidationError) -> Problem:
    """The first part of a location is where the value stood, for a body also the name of our argument."""
    if any(found["loc"][:2] == ("header", "Idempotency-Key") for found in error.errors):
        return Problem(
            400,
            "idempotency_key",
            "Send a header Idempotency-Key with 1 to 200 visible characters, fresh for each thing you want done. "
            "Nothing was done.",
        )
    plain = [
        {**found, "loc": found["loc"][2:] if found["loc"][0] == "body" else found["loc"]} for found in error.errors
    ]
    errors = field_errors(plain)
    return Problem(422, "invalid", sentence_of(errors), errors=[one.model_dump() for one in errors])


def _not_read(_: HttpRequest, error: HttpError) -> Problem:
    cause = error.__cause__
    sentence = str(cause) if isinstance(cause, BadJson) else "The request was not understood. Nothing was done."
    return Problem(error.status_code, "malformed", sentence)


def _too_large(_: HttpRequest, __: Exception) -> Problem:
    return Problem(413, "too_large", "The body is larger than 2.5 MiB. Nothing was done; send less at once.")


def _too_many(_: HttpRequest, __: Exception) -> Problem:
    return Problem(422, "too_many_filters", "The address holds more than a thousand filters. Nothing was read.")


def _busy(_: HttpRequest, error: Exception) -> Problem:
    log.warning("The database did not answer an API request in time.", error=type(error).__name__)
    return Problem(
        503,
        "busy",
        "The database does not answer in time. Send the same request again, with the same Idempotency-Key if it had "
        "one: what was already accepted is not done a second time.",
        headers={"Retry-After": "2"},
    )


def _broken(request: HttpRequest, error: Exception) -> Problem:
    """Told to whoever watches, as Django does for a page; the shop learns nothing of our insides."""
    log.exception("An API request broke.", path=request.path, exc_info=error)
    got_request_exception.send(sender=None, request=request)
    return plain_problem(500)
