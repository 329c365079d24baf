"""Django's settings, one file, read top to bottom. The environment is read in conf.py and nowhere else."""

from __future__ import annotations

from typing import Any

import dj_database_url
from csp.constants import NONE, SELF

from orders.observability import logging_settings
from smartpay_dashboard import conf
from smartpay_dashboard.local_keys import local_credentials_key, local_secret_key
from smartpay_dashboard.mail import mail_settings

ENVIRONMENT = conf.load()
BASE_DIR = conf.BASE_DIR
DATA_DIR = ENVIRONMENT.DATA_DIR
DATA_DIR.mkdir(parents=True, exist_ok=True)

# --- The installation ---------------------------------------------------------------------------------------------

PRODUCTION = ENVIRONMENT.PRODUCTION
DEBUG = ENVIRONMENT.DEBUG
# In production an absent key stays absent: checks.py then refuses to start and says so.
SECRET_KEY = ENVIRONMENT.SECRET_KEY or ("" if PRODUCTION else local_secret_key(DATA_DIR))
CREDENTIALS_KEYS = list(ENVIRONMENT.CREDENTIALS_KEYS) or ([] if PRODUCTION else [local_credentials_key(DATA_DIR)])
ALLOWED_HOSTS = list(ENVIRONMENT.ALLOWED_HOSTS)
CSRF_TRUSTED_ORIGINS = list(ENVIRONMENT.CSRF_TRUSTED_ORIGINS)
PUBLIC_URL = ENVIRONMENT.public_url

PORT = ENVIRONMENT.PORT
WEB_SERVER = ENVIRONMENT.WEB_SERVER
WEB_WORKERS = ENVIRONMENT.WEB_WORKERS
WEB_THREADS = ENVIRONMENT.WEB_THREADS

ROOT_URLCONF = "smartpay_dashboard.urls"
WSGI_APPLICATION = "smartpay_dashboard.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "csp",
    "django_htmx",
    "django_structlog",
    "heroicons",
    "orders.apps.OrdersConfig",
    "smartpay_dashboard.checks.ProductionChecks",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "smartpay_dashboard.middleware.headers",
    "orders.api.problems.never_html",
    "csp.middleware.CSPMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "smartpay_dashboard.middleware.session_lifetime",
    "allauth.account.middleware.AccountMiddleware",
    "smartpay_dashboard.middleware.LogInFirst",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "smartpay_dashboard.middleware.posted_addresses",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "orders.views.shell.shell",
            ],
        },
    },
]

# Times are kept in UTC; Django also hands TIME_ZONE to child processes, whose logs would else be in Chicago time.
TIME_ZONE = "UTC"
USE_TZ = True
LANGUAGE_CODE = "en"
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
STATICFILES_DIRS = [BASE_DIR / "static"]
# Hashed names need `collectstatic`; elsewhere WhiteNoise serves the source folders as they are.
WHITENOISE_USE_FINDERS = not PRODUCTION
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# --- Database: SQLite on one host by default, PostgreSQL by URL ------------------------------------------------------


def _sqlite() -> dict[str, Any]:
    """IMMEDIATE takes the write lock at BEGIN, so that waiting works; FULL keeps commits through a power cut."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATA_DIR / "dashboard.sqlite3",
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA foreign_keys=ON;"
            "PRAGMA journal_size_limit=27103364;PRAGMA cache_size=-8000;",
        },
        # A file, not memory: threads and worker processes must see one database with the locks of the real one.
        "TEST": {"NAME": DATA_DIR / "test.sqlite3"},
    }


def _from_url(url: str) -> dict[str, Any]:
    database: dict[str, Any] = dict(dj_database_url.parse(url, conn_max_age=0, conn_health_checks=True))
    options = database.setdefault("OPTIONS", {})
    if database["ENGINE"] == "django.db.backends.postgresql":
        options.setdefault("connect_timeout", 5)
        statement_timeout = ENVIRONMENT.STATEMENT_TIMEOUT_SECONDS
        # Compiling a statement takes longer than any of ours runs: a balance took a second, and takes a tenth without.
        options["options"] = (
            f"-c lock_timeout=3s -c statement_timeout={statement_timeout}s -c idle_in_transaction_session_timeout=30s "
            "-c jit=off"
        )
        if ENVIRONMENT.pool_size:
            options["pool"] = {"min_size": 0, "max_size": ENVIRONMENT.pool_size, "timeout": 5}
    return database


DATABASES = {"default": _from_url(ENVIRONMENT.DATABASE_URL) if ENVIRONMENT.DATABASE_URL else _sqlite()}
# Every verb opens its own transaction; one around a whole request would hold locks while a page is drawn.
DATABASES["default"]["ATOMIC_REQUESTS"] = False

# --- Broker, cache, Celery -------------------------------------------------------------------------------------------

EMBEDDED_BROKER_SOCKET = ENVIRONMENT.broker_socket
CELERY_BROKER_URL = ENVIRONMENT.REDIS_URL or f"redis+socket://{EMBEDDED_BROKER_SOCKET}"

CACHES = {
    "default": {
        "BACKEND": "smartpay_dashboard.cache.ForgivingRedisCache",
        "LOCATION": ENVIRONMENT.REDIS_URL or f"unix://{EMBEDDED_BROKER_SOCKET}?db=1",
        "KEY_PREFIX": "smartpay",
        "OPTIONS": {
            "serializer": "smartpay_dashboard.cache.JsonSerializer",
            "socket_timeout": 0.25,
            "socket_connect_timeout": 0.25,
        },
    }
}

# The database is the queue, the broker only a doorbell: these options shorten a wait, they never decide about money.
CELERY_TIMEZONE = "UTC"
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_POOL = "threads"
CELERY_WORKER_CONCURRENCY = ENVIRONMENT.WORKER_THREADS
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
# A worker that is asked to stop finishes the calls under way: the longest deadline (90 s) and a little.
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 95
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A broker may be away for as long as it likes; the default gives up after a hundred tries.
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # Longer than the longest lease (90 s + 60 s), or a running task would be delivered a second time.
    "visibility_timeout": 300,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    # kombu's defaults look for abandoned messages only every 100 s.
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
}
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")
CELERY_BEAT_SCHEDULE = {
    "recover": {
        "task": "orders.modifications.tasks.recover",
        "schedule": ENVIRONMENT.SWEEP_SECONDS,
        # A sweep that waited longer than the next one is worth nothing.
        "options": {"expires": max(ENVIRONMENT.SWEEP_SECONDS, 1)},
    },
    "refresh": {
        "task": "orders.mirror.tasks.refresh_due",
        "schedule": ENVIRONMENT.SWEEP_SECONDS,
        "options": {"expires": max(ENVIRONMENT.SWEEP_SECONDS, 1)},
    },
    "inbox": {
        "task": "orders.inbox.tasks.process_due",
        "schedule": ENVIRONMENT.SWEEP_SECONDS,
        "options": {"expires": max(ENVIRONMENT.SWEEP_SECONDS, 1)},
    },
    "settlement": {
        "task": "orders.reconciliation.tasks.work_due",
        "schedule": ENVIRONMENT.SWEEP_SECONDS,
        "options": {"expires": max(ENVIRONMENT.SWEEP_SECONDS, 1)},
    },
    "settlement_drops": {
        "task": "orders.reconciliation.tasks.look",
        "schedule": ENVIRONMENT.SWEEP_SECONDS,
        "options": {"expires": max(ENVIRONMENT.SWEEP_SECONDS, 1)},
    },
    "experiments": {
        "task": "orders.reconciliation.tasks.experiments",
        "schedule": ENVIRONMENT.SWEEP_SECONDS,
        "options": {"expires": max(ENVIRONMENT.SWEEP_SECONDS, 1)},
    },
    "collect": {
        "task": "orders.mirror.tasks.collect",
        "schedule": 300,
        "options": {"expires": 300},
    },
    "nightly": {
        "task": "orders.reconciliation.tasks.nightly",
        "schedule": 300,
        "options": {"expires": 300},
    },
    "begin_resting": {
        "task": "orders.mirror.tasks.begin_resting",
        "schedule": 24 * 3600,
        "options": {"expires": 3600},
    },
    "carry": {
        "task": "orders.outgoing.tasks.carry",
        "schedule": 5,
        "options": {"expires": 5},
    },
    "warn": {
        "task": "orders.outgoing.tasks.warn",
        "schedule": 300,
        "options": {"expires": 300},
    },
}

# --- Money -----------------------------------------------------------------------------------------------------------

PAUSE_SUBMITS = ENVIRONMENT.PAUSE_SUBMITS
UNDO_SECONDS = ENVIRONMENT.UNDO_SECONDS
DUPLICATE_HOURS = ENVIRONMENT.DUPLICATE_HOURS
ALLOW_INSECURE_GATEWAYS = ENVIRONMENT.ALLOW_INSECURE_GATEWAYS
SENDER_SLOTS = ENVIRONMENT.SENDER_SLOTS
LEASE_GRACE_SECONDS = ENVIRONMENT.LEASE_GRACE_SECONDS
SWEEP_SECONDS = ENVIRONMENT.SWEEP_SECONDS
CLAIM_SECONDS = ENVIRONMENT.CLAIM_SECONDS
BACKOFF_FIRST_SECONDS = ENVIRONMENT.BACKOFF_FIRST_SECONDS
UNKNOWN_REVIEW_SECONDS = ENVIRONMENT.UNKNOWN_REVIEW_SECONDS
PENDING_REVIEW_SECONDS = ENVIRONMENT.PENDING_REVIEW_SECONDS

# --- The night -------------------------------------------------------------------------------------------------------

NIGHT_DELAY_HOURS = ENVIRONMENT.NIGHT_DELAY_HOURS
NIGHT_READS = ENVIRONMENT.NIGHT_READS
DEFAULT_FROM_EMAIL = ENVIRONMENT.EMAIL_FROM
EMAIL_TIMEOUT = 20
_MAIL = mail_settings(ENVIRONMENT.EMAIL_URL)
SENDS_MAIL = _MAIL.sends
EMAIL_BACKEND = _MAIL.backend
EMAIL_HOST = _MAIL.host
EMAIL_PORT = _MAIL.port
EMAIL_HOST_USER = _MAIL.user
EMAIL_HOST_PASSWORD = _MAIL.password
EMAIL_USE_TLS = _MAIL.starttls
EMAIL_USE_SSL = _MAIL.tls

# --- Settlement files ------------------------------------------------------------------------------------------------

SETTLEMENT_DROP_DIR = ENVIRONMENT.SETTLEMENT_DROP_DIR
SETTLEMENT_MAX_MIB = ENVIRONMENT.SETTLEMENT_MAX_MIB
SETTLEMENT_MAX_LINES = ENVIRONMENT.SETTLEMENT_MAX_LINES

# --- Who comes in ----------------------------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "smartpay_dashboard.accounts.ClosedAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_NOTIFICATIONS = False
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "100/30m/ip,10/30m/key"}
ALLAUTH_TRUSTED_PROXY_COUNT = ENVIRONMENT.TRUSTED_PROXIES

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_IDLE_SECONDS = ENVIRONMENT.SESSION_IDLE_SECONDS
SESSION_ABSOLUTE_SECONDS = ENVIRONMENT.SESSION_ABSOLUTE_SECONDS
SESSION_COOKIE_AGE = SESSION_IDLE_SECONDS

# --- Cookies and headers: Secure, __Host- and HSTS follow one setting -------------------------------------------------

SECURE_COOKIES = ENVIRONMENT.secure
_PREFIX = "__Host-" if SECURE_COOKIES else ""
SESSION_COOKIE_NAME = f"{_PREFIX}session"
SESSION_COOKIE_SECURE = SECURE_COOKIES
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = f"{_PREFIX}csrf"
CSRF_COOKIE_SECURE = SECURE_COOKIES
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = SECURE_COOKIES
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_COOKIES else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_COOKIES
SECURE_HSTS_PRELOAD = SECURE_COOKIES
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if ENVIRONMENT.TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
    }
}
TRUSTED_PROXIES = ENVIRONMENT.TRUSTED_PROXIES

# --- The JSON API ----------------------------------------------------------------------------------------------------

API_REQUESTS_PER_MINUTE = ENVIRONMENT.API_REQUESTS_PER_MINUTE

# --- What is told -----------------------------------------------------------------------------------------------------

METRICS_TOKEN = ENVIRONMENT.METRICS_TOKEN
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
LOGGING_CONFIG = "orders.observability.configure_logging"
LOGGING = logging_settings(style=ENVIRONMENT.LOG_FORMAT, level=ENVIRONMENT.LOG_LEVEL)
