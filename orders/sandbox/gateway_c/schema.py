"""Gateway C's own tables in the sandbox's SQLite file."""

from __future__ import annotations

SCHEMA = """
CREATE TABLE IF NOT EXISTS smarterpay_cards (
    card_id TEXT PRIMARY KEY, legacy_id TEXT NOT NULL, merchant_key TEXT NOT NULL, customer_id TEXT NOT NULL,
    number_ending TEXT NOT NULL, card_type TEXT NOT NULL, expiry_date TEXT NOT NULL, name_on_card TEXT NOT NULL,
    profile TEXT NOT NULL, created_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS smarterpay_cards_merchant ON smarterpay_cards (merchant_key, created_at);
CREATE TABLE IF NOT EXISTS smarterpay_payments (
    payment_id TEXT PRIMARY KEY, legacy_id TEXT NOT NULL, card_id TEXT NOT NULL, merchant_key TEXT NOT NULL,
    payment_type TEXT NOT NULL, currency TEXT NOT NULL, authorized INTEGER NOT NULL, captured INTEGER NOT NULL,
    released INTEGER NOT NULL, refunded INTEGER NOT NULL, state TEXT NOT NULL, status TEXT NOT NULL,
    custom_reference TEXT NOT NULL, metadata TEXT, internal_description TEXT NOT NULL,
    gateway_description TEXT NOT NULL, related_payment_id TEXT, origin TEXT NOT NULL, created_at INTEGER NOT NULL,
    last_status_at INTEGER NOT NULL, captured_at INTEGER, expires_at INTEGER,
    CHECK (captured + released <= authorized), CHECK (refunded <= captured)
);
CREATE INDEX IF NOT EXISTS smarterpay_payments_card ON smarterpay_payments (card_id);
CREATE INDEX IF NOT EXISTS smarterpay_payments_created ON smarterpay_payments (created_at);
CREATE INDEX IF NOT EXISTS smarterpay_payments_expiry ON smarterpay_payments (expires_at) WHERE expires_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS smarterpay_actions (
    sequence INTEGER PRIMARY KEY, payment_id TEXT NOT NULL UNIQUE, legacy_id TEXT NOT NULL, original_id TEXT NOT NULL,
    card_id TEXT NOT NULL, merchant_key TEXT NOT NULL, payment_type TEXT NOT NULL, amount INTEGER NOT NULL,
    currency TEXT NOT NULL, status TEXT NOT NULL, gateway_status TEXT NOT NULL, gateway_code TEXT NOT NULL,
    gateway_details TEXT NOT NULL, modification_id TEXT NOT NULL, custom_reference TEXT NOT NULL, metadata TEXT,
    internal_description TEXT NOT NULL, gateway_description TEXT NOT NULL, origin TEXT NOT NULL, fault TEXT,
    request_sha256 TEXT, created_at INTEGER NOT NULL, last_status_at INTEGER NOT NULL, due_at INTEGER, outcome TEXT
);
CREATE INDEX IF NOT EXISTS smarterpay_actions_original ON smarterpay_actions (original_id);
CREATE INDEX IF NOT EXISTS smarterpay_actions_modification ON smarterpay_actions (modification_id);
CREATE INDEX IF NOT EXISTS smarterpay_actions_due ON smarterpay_actions (due_at) WHERE status = 'pending';
CREATE TABLE IF NOT EXISTS smarterpay_answers (
    merchant_key TEXT NOT NULL, path TEXT NOT NULL, idempotency_key TEXT NOT NULL, at INTEGER NOT NULL,
    body_sha256 TEXT NOT NULL, http_status INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (merchant_key, path, idempotency_key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS smarterpay_warnings (
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, merchant_key TEXT NOT NULL, original_id TEXT, sentence TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS smarterpay_events (id INTEGER PRIMARY KEY, at INTEGER NOT NULL);
"""
TABLES = (
    "smarterpay_cards",
    "smarterpay_payments",
    "smarterpay_actions",
    "smarterpay_answers",
    "smarterpay_warnings",
    "smarterpay_events",
)
