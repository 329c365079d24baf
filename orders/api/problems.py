"""How the API says no: RFC 9457 problems with the rule's own sentence, whatever went wrong and wherever. Never HTML."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse

MEDIA_TYPE = "application/problem+json"
ROOT = "/api/"

_SENTENCES: dict[int, str] = {
    400: "The request was not understood. Nothing was done.",
    403: "You may not do this. Nothing was done.",
    404: "There is nothing at this address, or it belongs to another merchant. Nothing was done.",
    405: "This address does not take this method. Nothing was done.",
    500: "Something broke here. Send the same request again, with the same Idempotency-Key if it had one: what was "
    "already accepted is not done a second time.",
}


class Problem(Exception):
    """Raised by whatever answers a request; it becomes the answer. `more` are members beside the standard ones."""

    def __init__(
        self, status: int, code: str, sentence: str, *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(sentence)
        self.status = status
        self.code = code
        self.sentence = sentence
        self.headers = headers or {}
        self.more = more


def plain_problem(status: int) -> Problem:
    """The problem that a status alone stands for."""
    code = HTTPStatus(status).phrase.lower().replace(" ", "_")
    return Problem(status, code, _SENTENCES.get(status, _SENTENCES[400]))


def not_found() -> Problem:
    """For what is not there, and in the same words for what is another merchant's."""
    return plain_problem(404)


def problem_response(request: HttpRequest, problem: Problem) -> HttpResponse:
    """The answer: type, title, status, detail, code, instance, request_id, and what the problem carries besides."""
    content = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.sentence,
        "code": problem.code,
        "instance": request.path,
        "request_id": str(structlog.contextvars.get_contextvars().get("request_id", "")),
        **problem.more,
    }
    return HttpResponse(
        json.dumps(content), status=problem.status, content_type=MEDIA_TYPE, headers=dict(problem.headers)
    )


def told_as_problem(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """A refusal that another room wrote in its own way (a method, a host name), told as a problem."""
    if response.status_code < HTTPStatus.BAD_REQUEST or response.headers.get("Content-Type") == MEDIA_TYPE:
        return response
    told = problem_response(request, plain_problem(response.status_code))
    for name in ("Allow", "Retry-After"):
        if name in response.headers:
            told.headers[name] = response.headers[name]
    return told


def never_html(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """The middleware: what fails before a request reaches the API (a foreign host name) is told as a problem too."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        return told_as_problem(request, response) if request.path_info.startswith(ROOT) else response

    return middleware
