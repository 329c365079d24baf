"""Tests of the words: what the pages of docs/ name must exist."""
