"""One HTTP exchange with a gateway and what it showed, not what it means; the only user of `requests`."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import DecodeError, IncompleteRead, InvalidChunkLength
from urllib3.response import BaseHTTPResponse

from orders.gateways.addresses import (
    AddressRefused,
    BaseUrlRefused,
    DidNotResolve,
    check_base_url,
    resolve,
)
from orders.gateways.base import Door, Fault, FrozenRequest, LeaseTooOld, Observation
from orders.gateways.transcripts import Scrub, write_transcript
from orders.gateways.wire import Call, Stage, WatchedConnection

__all__ = ["AddressRefused", "BaseUrlRefused", "DidNotResolve", "check_base_url", "exchange", "resolve"]

ANSWER_BYTES = 1024 * 1024
"""The most of an answer that is read, after decompression."""
_CHUNK_BYTES = 64 * 1024
_TRANSPORT_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "Connection": "close"}


class TooLarge(Exception):
    """The answer goes on beyond ANSWER_BYTES."""


@dataclass(kw_only=True)
class _Received:
    """As much of the answer as came."""

    status: int | None = None
    reason: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)


def exchange(door: Door, request: FrozenRequest, *, authorization: str, scrub: Scrub) -> Observation:
    """Send the frozen bytes once, over a new connection, and report what was seen. Never raises for anything outside.

    `authorization` is the whole header value, made at this moment, or "" for none; it appears in no transcript.
    `scrub` is the gateway's own.
    """
    started = time.monotonic()
    call = Call(door=door, ends_at=started + door.deadline_seconds)
    try:
        prepared = _prepared(door, request, authorization)
    except ValueError as error:  # requests' InvalidURL and InvalidHeader are among them
        return _kept_at_home(error)
    received = _Received()
    trouble: Exception | None = None
    try:
        _converse(call, prepared, received)
    except Exception as error:
        trouble = error
    finally:
        call.release()
    fault = None if trouble is None else _fault_of(trouble, call)
    return Observation(
        sent=call.stage >= Stage.WRITING,
        fault=fault,
        status=received.status,
        headers=received.headers,
        body=bytes(received.body),
        duration_ms=int((time.monotonic() - started) * 1000),
        request_transcript=_request_transcript(prepared, request.body, door, scrub),
        response_transcript=_response_transcript(received, fault, trouble, call, scrub),
    )


def _prepared(door: Door, request: FrozenRequest, authorization: str) -> requests.PreparedRequest:
    headers = {**request.headers, **_TRANSPORT_HEADERS, **({"Authorization": authorization} if authorization else {})}
    url = door.base_url.rstrip("/") + request.path
    return requests.Request(request.method, url, headers=headers, data=request.body or None).prepare()


def _kept_at_home(error: ValueError) -> Observation:
    explained = f"(the request could not be written: {type(error).__name__}; nothing was sent.)"
    return Observation(sent=False, fault=Fault.RESOLVE, response_transcript=explained)


def _converse(call: Call, prepared: requests.PreparedRequest, received: _Received) -> None:
    session = _session()
    session.adapter.call = call
    # The timeouts are the connection's and the watchdog's; an answer is streamed so that its size can be watched.
    with session.send(prepared, stream=True, allow_redirects=False, verify=True) as response:
        received.status, received.reason = response.status_code, response.reason or ""
        received.headers = dict(response.headers)
        _read_body(response.raw, received.body)
        if call.out_of_time:
            raise TimeoutError("The deadline passed while the answer was read.")
    call.crash_point("after_response")


def _read_body(raw: BaseHTTPResponse, body: bytearray) -> None:
    for chunk in raw.stream(_CHUNK_BYTES, decode_content=True):
        if len(body) + len(chunk) > ANSWER_BYTES:
            body += chunk[: ANSWER_BYTES - len(body)]
            raise TooLarge
        body += chunk


class _OneCallAdapter(HTTPAdapter):
    """Speaks each request over a connection of its own: no pool, no retry, no proxy."""

    call: Call

    def send(self, request: requests.PreparedRequest, *_args: object, **_kwargs: object) -> requests.Response:
        call = self.call
        call.connection = connection = _connection_for(call, request)
        connection.connect()
        connection.request(
            request.method or "GET",
            request.path_url,
            body=request.body,
            headers=request.headers,
            preload_content=False,
            decode_content=False,
        )
        call.stage = Stage.WAITING
        call.crash_point("after_send")
        answer = connection.getresponse()
        call.stage = Stage.READING
        return self.build_response(request, answer)


def _connection_for(call: Call, request: requests.PreparedRequest) -> WatchedConnection:
    parts = requests.compat.urlsplit(request.url or "")
    return WatchedConnection(call, host=parts.hostname or "", port=parts.port, secure=parts.scheme == "https")


class _Session(requests.Session):
    """A session that remembers nothing and asks nothing of its surroundings (proxies, .netrc, bundles, cookies)."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self.adapter = _OneCallAdapter()
        self.adapters.clear()
        self.mount("https://", self.adapter)
        self.mount("http://", self.adapter)


_local = threading.local()


def _session() -> _Session:
    """One per thread: a session costs more to make than to use."""
    session: _Session | None = getattr(_local, "session", None)
    if session is None:
        session = _local.session = _Session()
    session.cookies.clear()
    return session


def _fault_of(error: Exception, call: Call) -> Fault:
    """Why there is no whole answer. The stage decides first: the same error before and after the writing differs."""
    if isinstance(error, LeaseTooOld):
        return Fault.LEASE
    if call.stage is Stage.RESOLVING:
        return Fault.RESOLVE
    if call.out_of_time or isinstance(error, TimeoutError | socket.timeout):
        return Fault.TIMEOUT
    if call.stage < Stage.WRITING:
        return _FAULTS_BEFORE_WRITING.get(call.stage, Fault.RESET)
    return _fault_while_talking(error)


_FAULTS_BEFORE_WRITING = {Stage.CONNECTING: Fault.REFUSED, Stage.SECURING: Fault.TLS}


def _fault_while_talking(error: Exception) -> Fault:
    for kinds, fault in _FAULTS_BY_ERROR:
        if isinstance(error, kinds):
            return fault
    cause = error.__cause__ or error.__context__
    return _fault_while_talking(cause) if isinstance(cause, Exception) else Fault.MALFORMED


_FAULTS_BY_ERROR: tuple[tuple[tuple[type[Exception], ...], Fault], ...] = (
    ((TooLarge,), Fault.TOO_LARGE),
    # A chunk length that is no number is counted as an incomplete read too, so it is looked for before.
    ((InvalidChunkLength, DecodeError), Fault.MALFORMED),
    ((IncompleteRead, http.client.IncompleteRead), Fault.TRUNCATED),
    # http.client counts "closed without a word" as a bad status line too, so a reset is looked for before.
    ((OSError,), Fault.RESET),
    ((http.client.HTTPException,), Fault.MALFORMED),
)


def _request_transcript(prepared: requests.PreparedRequest, body: bytes, door: Door, scrub: Scrub) -> str:
    return write_transcript(f"{prepared.method} {prepared.url}", prepared.headers, body, door=door, scrub=scrub)


def _response_transcript(
    received: _Received, fault: Fault | None, trouble: Exception | None, call: Call, scrub: Scrub
) -> str:
    first_line = f"HTTP {received.status} {received.reason}".rstrip() if received.status else "(no answer)"
    if fault is not None:
        first_line += f"\n(no whole answer: {_SENTENCES[fault]} {_detail_of(trouble)})"
    return write_transcript(first_line, received.headers, bytes(received.body), door=call.door, scrub=scrub)


def _detail_of(trouble: Exception | None) -> str:
    return f"{type(trouble).__name__}: {trouble}"[:300].replace("\n", " ")


_SENTENCES = {
    Fault.RESOLVE: "the host name led nowhere; nothing was sent.",
    Fault.REFUSED: "nobody could be reached there; nothing was sent.",
    Fault.TLS: "no safe connection could be made; nothing was sent.",
    Fault.LEASE: "the worker had been paused for too long; nothing was sent.",
    Fault.TIMEOUT: "the time was over.",
    Fault.RESET: "the connection broke.",
    Fault.TRUNCATED: "the answer ended early.",
    Fault.TOO_LARGE: "the answer was larger than 1 MiB.",
    Fault.MALFORMED: "what came was not HTTP.",
}
