"""Tests of the gateways: payloads from the documents, hostile sockets, and the real sandbox."""
