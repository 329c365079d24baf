"""The typed environment: every variable that the project reads, its default, and what it is for.

Each secret may also be given as a file (`SECRET_KEY_FILE=/run/secrets/key`). An empty variable counts as absent. All
mistakes are told at once, in sentences. `.env.example` and `docs/reference/settings.md` are written from this file by
`manage.py settings_reference`.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from django.core.exceptions import ImproperlyConfigured
from pydantic import BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

BASE_DIR = Path(__file__).resolve().parent.parent


def _split_at_commas(text: object) -> object:
    return tuple(part.strip() for part in text.split(",") if part.strip()) if isinstance(text, str) else text


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_at_commas)]
SECRET: dict[str, Any] = {"secret": True}


SOCKET_PATH_BYTES = 100
"""The kernel takes 107 bytes for a socket's path; some are left for Valkey's temporary name."""


class Environment(BaseSettings):
    """One attribute for each variable; `load()` is the way to read it."""

    model_config = SettingsConfigDict(
        case_sensitive=True, extra="ignore", env_ignore_empty=True, env_file_encoding="utf-8", frozen=True
    )

    # The installation
    PRODUCTION: bool = Field(
        default=False,
        description="Set to 1 where real money moves. Cookies become Secure, HSTS is sent, and every process refuses "
        "to start on a weak setting.",
    )
    DEBUG: bool = Field(default=False, description="Django's error pages with source text. Never on a server.")
    SECRET_KEY: str | None = Field(
        default=None,
        json_schema_extra=SECRET,
        description="Signs sessions and forms. Required in production; else one is made once and kept in DATA_DIR.",
    )
    CREDENTIALS_KEYS: Words = Field(
        default=(),
        json_schema_extra=SECRET,
        description="Fernet keys, newest first, separated by commas: they encrypt the gateways' keys in the database. "
        "Required in production; otherwise one is made once and kept in DATA_DIR.",
    )
    ALLOWED_HOSTS: Words = Field(
        default=("localhost", "127.0.0.1", "[::1]"),
        description="Host names under which the dashboard may be reached, separated by commas.",
    )
    CSRF_TRUSTED_ORIGINS: Words = Field(
        default=(),
        description="Origins (with scheme) from which forms are accepted besides the host itself, separated by commas.",
    )
    PUBLIC_URL: str | None = Field(
        default=None,
        description="The dashboard's public address without a final slash; sent to the gateways as Origin. "
        "Default: http://127.0.0.1:PORT.",
    )
    PORT: int = Field(default=8000, ge=1, le=65535, description="Port of the web server.")
    DATA_DIR: Path = Field(
        default=BASE_DIR / "var", description="Folder of the SQLite file, the embedded broker's log and the local keys."
    )
    SECURE_COOKIES: bool | None = Field(
        default=None,
        description="Secure and __Host- cookies, redirect to https, HSTS. Default: the value of PRODUCTION.",
    )
    TRUSTED_PROXIES: int = Field(
        default=0,
        ge=0,
        le=5,
        description="How many proxies stand in front and set X-Forwarded-For and X-Forwarded-Proto. 0: these headers "
        "are not believed.",
    )

    # Database and broker
    DATABASE_URL: str | None = Field(
        default=None,
        json_schema_extra=SECRET,
        description="postgres://user:password@host/name. Default: an SQLite file in DATA_DIR (one host only).",
    )
    REDIS_URL: str | None = Field(
        default=None,
        json_schema_extra=SECRET,
        description="redis://:password@host:6379/0 (Redis or Valkey, noeviction). Default: the embedded broker.",
    )
    DATABASE_POOL_SIZE: int | None = Field(
        default=None,
        ge=0,
        description="PostgreSQL connections a process may hold. Default: the larger of WEB_THREADS and WORKER_THREADS, "
        "plus 4. 0: no pool.",
    )
    STATEMENT_TIMEOUT_SECONDS: int = Field(
        default=15, ge=1, description="PostgreSQL ends a statement after this time; raise it for a large migration."
    )

    # Processes
    WEB_SERVER: Literal["granian", "gunicorn"] = Field(
        default="granian", description="The web server; gunicorn is slower and stops at once even while it is starting."
    )
    WEB_WORKERS: int = Field(default=2, ge=1, description="Processes of the web server.")
    WEB_THREADS: int = Field(default=4, ge=1, description="Threads in each process of the web server.")
    WORKER_THREADS: int = Field(
        default=12,
        ge=1,
        description="Task threads of the worker: they wake the clock, read gateways and settlement files, tell shops.",
    )
    SENDER_SLOTS: int = Field(default=64, ge=1, le=500, description="Gateway calls that one worker makes at a time.")
    LOG_FORMAT: Literal["json", "console"] = Field(
        default="json", description="json: one line an event. console: for reading by people."
    )
    LOG_LEVEL: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Least level that is logged."
    )
    METRICS_TOKEN: str | None = Field(
        default=None,
        json_schema_extra=SECRET,
        description="Bearer token of /metrics. Unset: /metrics does not exist.",
    )

    # Money
    PAUSE_SUBMITS: bool = Field(
        default=False, description="Set to 1 to send nothing to any gateway; what people ask for waits in the queue."
    )
    UNDO_SECONDS: int = Field(
        default=5, ge=0, le=3600, description="How long a person can withdraw a modification before it is sent."
    )
    DUPLICATE_HOURS: int = Field(
        default=24, ge=0, description="An equal modification of the same order within this time asks for a second look."
    )
    ALLOW_INSECURE_GATEWAYS: bool = Field(
        default=False, description="Accept gateway accounts with an http or loopback address. For the sandbox only."
    )

    # Settlement files
    SETTLEMENT_DROP_DIR: Path | None = Field(
        default=None,
        description="Folder that is searched for settlement files, and its subfolders (named in each account's "
        "settlement terms). Unset: files come by page and command only.",
    )
    SETTLEMENT_MAX_MIB: int = Field(
        default=512, ge=1, le=2048, description="The largest settlement file that is taken, as it comes."
    )
    SETTLEMENT_MAX_LINES: int = Field(default=5_000_000, ge=1, description="The most lines a settlement file may have.")

    # Sessions
    SESSION_IDLE_SECONDS: int = Field(
        default=900, ge=60, description="A session ends after this time without a click. Live following is no click."
    )
    SESSION_ABSOLUTE_SECONDS: int = Field(
        default=43200, ge=60, description="A session ends this long after the log-in, whatever happens."
    )

    # The JSON API
    API_REQUESTS_PER_MINUTE: int = Field(
        default=600, ge=1, description="How many requests a token of the JSON API may send in a minute; then 429."
    )

    # The night
    NIGHT_DELAY_HOURS: int = Field(
        default=3, ge=0, le=23, description="How long after an account's cut-off its night begins, in hours."
    )
    NIGHT_READS: int = Field(
        default=2000, ge=0, description="Transactions of one account that a night reads from its gateway at most."
    )
    EMAIL_URL: str | None = Field(
        default=None,
        json_schema_extra=SECRET,
        description="The mail server of the morning letter: smtp://, smtp+tls:// (STARTTLS) or smtps://, then "
        "user:password@host:port. console:// prints the letters. Unset: no letter is sent, the pages hold the same.",
    )
    EMAIL_FROM: str = Field(default="dashboard@localhost", description="The sender of the morning letter.")

    # Timers; shortened by tests, never by an installation
    LEASE_GRACE_SECONDS: int = Field(
        default=60, ge=1, description="Lease of a claimed modification beyond the gateway's deadline."
    )
    SWEEP_SECONDS: float = Field(default=10, gt=0, description="How often beat runs the recovery.")
    CLAIM_SECONDS: float = Field(default=1, gt=0, description="How often a worker's clock looks for due modifications.")
    BACKOFF_FIRST_SECONDS: float = Field(
        default=5, gt=0, description="Longest first wait before another try; trebles up to half an hour."
    )
    UNKNOWN_REVIEW_SECONDS: float = Field(
        default=86400, gt=0, description="After this long an unknown outcome goes to review by people."
    )
    PENDING_REVIEW_SECONDS: float = Field(
        default=259200, gt=0, description="After this long a pending modification goes to review by people."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """`load` hands the environment over; nothing else is read but the `.env` file."""
        return init_settings, dotenv_settings

    @property
    def secure(self) -> bool:
        return self.PRODUCTION if self.SECURE_COOKIES is None else self.SECURE_COOKIES

    @property
    def public_url(self) -> str:
        return (self.PUBLIC_URL or f"http://127.0.0.1:{self.PORT}").rstrip("/")

    @property
    def pool_size(self) -> int:
        if self.DATABASE_POOL_SIZE is None:
            return max(self.WEB_THREADS, self.WORKER_THREADS) + 4
        return self.DATABASE_POOL_SIZE

    @property
    def broker_socket(self) -> Path:
        """The embedded broker's socket: outside DATA_DIR, in the first folder where its path is short enough."""
        name = hashlib.sha256(str(self.DATA_DIR.resolve()).encode()).hexdigest()[:12]
        folders = [os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir(), tempfile.gettempdir(), "/tmp"]  # noqa: S108
        sockets = [Path(folder) / f"smartpay-{os.getuid()}-{name}" / "broker.sock" for folder in folders]
        return next((path for path in sockets if len(os.fsencode(path)) <= SOCKET_PATH_BYTES), sockets[-1])


def load(environ: Mapping[str, str] | None = None, *, env_file: Path | None = BASE_DIR / ".env") -> Environment:
    """Read the environment (and `.env` beside manage.py). Raises ImproperlyConfigured naming every mistake."""
    given = os.environ if environ is None else environ
    values, mistakes = _from_files(given)
    values |= {name: given[name] for name in Environment.model_fields if given.get(name)}
    try:
        loaded = Environment(_env_file=env_file, **values)
    except ValidationError as error:
        mistakes += [_sentence(mistake) for mistake in error.errors()]
    if mistakes:
        raise ImproperlyConfigured("Nothing was started, because the settings cannot be used:\n" + "\n".join(mistakes))
    return loaded


def is_secret(name: str) -> bool:
    return Environment.model_fields[name].json_schema_extra == SECRET


def _from_files(given: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """The secrets that were given as `NAME_FILE`, and a sentence for each that could not be taken."""
    values: dict[str, Any] = {}
    mistakes = []
    for name in filter(is_secret, Environment.model_fields):
        path = given.get(f"{name}_FILE")
        if not path:
            continue
        if given.get(name):
            mistakes.append(f"- {name} and {name}_FILE are both set; remove one of them.")
            continue
        try:
            values[name] = Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            mistakes.append(f"- {name}_FILE names a file that cannot be read ({error.strerror}): {path}.")
    return values, mistakes


def _sentence(mistake: Any) -> str:
    name = str(mistake["loc"][0])
    was = "" if is_secret(name) else f" It was {mistake['input']!r}."
    return f"- {name}: {mistake['msg']}.{was} {Environment.model_fields[name].description}"
