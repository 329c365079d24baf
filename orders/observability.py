"""What the processes tell: JSON lines on standard output, with request and modification ids and without secrets."""

from __future__ import annotations

import logging.config
import re
import sys
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any, Literal

import structlog

Event = MutableMapping[str, Any]

REDACTED = "[redacted]"
# Compared without case, hyphen and underscore: authenticationKey, authentication_key, Authentication-Key.
SECRET_NAMES = frozenset(
    {
        "authorization",
        "authenticationkey",
        "merchantkey",
        "secretkey",
        "credentialskeys",
        "password",
        "token",
        "cookie",
        "setcookie",
        "sessionid",
        "csrfmiddlewaretoken",
        "email",
        "customeremail",
        "customername",
        "firstname",
        "lastname",
        "middlename",
        "homephone",
        "mobilephone",
        "workphone",
        "dateofbirth",
        "taxnumber",
        "address",
    }
)
_EMAIL = re.compile(r"[A-Za-z0-9._%+\-]+@[A-Za-z0-9.\-]+\.[A-Za-z]{2,}")
_AUTHORIZATION = re.compile(r"\b(Basic|Bearer|Token|Digest)\s+[A-Za-z0-9+/=._~\-]{6,}", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"(?P<start>[a-z][a-z0-9+.\-]*://[^\s/:@]*):[^\s/@]+@", re.IGNORECASE)
_WEBHOOK_TOKEN = re.compile(r"(?<=/webhooks/)[^/\s]+")
_QUERY = re.compile(r"(?<=/)(?P<path>[^\s?]*)\?\S+")
_LINE_ENDS = str.maketrans({"\r": "\\r", "\n": "\\n"})
_TRACEBACK = "exception"


def scrubbed_text(text: str) -> str:
    """The text without e-mail addresses, credentials, passwords in URLs, queries (people search for names) and the
    secret part of webhook addresses."""
    text = _WEBHOOK_TOKEN.sub(REDACTED, text)
    text = _QUERY.sub(lambda found: f"{found['path']}?{REDACTED}", text)
    text = _EMAIL.sub(REDACTED, text)
    text = _AUTHORIZATION.sub(lambda found: f"{found[1]} {REDACTED}", text)
    return _URL_PASSWORD.sub(lambda found: f"{found['start']}:{REDACTED}@", text)


def scrub(_logger: Any, _method: str, event: Event) -> Event:
    """A structlog processor: no secret or personal datum leaves, and one event stays one line."""
    for name, value in event.items():
        event[name] = REDACTED if _is_secret(name) else _scrubbed(value, keep_lines=name == _TRACEBACK)
    return event


class OneLineARequest(logging.Filter):
    """A request is told when it is finished, with its status; that it began says nothing more."""

    def filter(self, record: logging.LogRecord) -> bool:
        event = record.msg.get("event") if isinstance(record.msg, dict) else record.msg
        return event != "request_started"


class RefusalsWithoutTraceback(logging.Filter):
    """Whoever may not do something is told so and stands in one line; a traceback is for what broke."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name == "django.request" and record.levelno < logging.ERROR:
            record.exc_info = None
        return True


def bind_modification(modification_id: object) -> None:
    """Put this modification's id on every log line of the current request, task or thread."""
    structlog.contextvars.bind_contextvars(modification_id=str(modification_id))


def unbind_modification() -> None:
    structlog.contextvars.unbind_contextvars("modification_id")


def configure_logging(settings: dict[str, Any]) -> None:
    """Django's LOGGING_CONFIG: the standard library and structlog write through the same processors."""
    logging.config.dictConfig(settings)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_before_rendering(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def logging_settings(*, style: Literal["json", "console"], level: str) -> dict[str, Any]:
    """The value of Django's LOGGING."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, scrub, _renderer(style)],
                "foreign_pre_chain": _before_rendering(),
            }
        },
        "filters": {"one_line": {"()": OneLineARequest}, "refusals": {"()": RefusalsWithoutTraceback}},
        "handlers": {
            "out": {
                "class": "logging.StreamHandler",
                "stream": _stream(),
                "formatter": "line",
                "filters": ["one_line", "refusals"],
            }
        },
        "root": {"handlers": ["out"], "level": level},
        "loggers": {
            # django.server would tell of every request once more; one line is enough.
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
            "celery.beat": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
            "django_structlog.celery": {"level": "WARNING"},
            # urllib3's connection lines would hold the address of every gateway call.
            "urllib3": {"level": "WARNING"},
        },
    }


def _stream() -> str:
    """Standard output is the log of a process, but the answer of a command (`--json`)."""
    return "ext://sys.stderr" if Path(sys.argv[0]).name == "manage.py" else "ext://sys.stdout"


def _before_rendering() -> list[Any]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]


def _renderer(style: str) -> Any:
    if style == "console":
        return structlog.dev.ConsoleRenderer(colors=False)
    return structlog.processors.JSONRenderer(ensure_ascii=False)


def _is_secret(name: object) -> bool:
    return str(name).lower().replace("_", "").replace("-", "") in SECRET_NAMES


def _scrubbed(value: Any, *, keep_lines: bool = False) -> Any:
    if isinstance(value, str):
        text = scrubbed_text(value)
        return text if keep_lines else text.translate(_LINE_ENDS)
    if isinstance(value, Mapping):
        return {name: REDACTED if _is_secret(name) else _scrubbed(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_scrubbed(inner) for inner in value]
    return value
