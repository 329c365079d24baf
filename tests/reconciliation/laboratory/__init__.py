"""Trying profiles before they are used."""
