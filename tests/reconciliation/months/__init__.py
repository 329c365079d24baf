"""Closing months."""
