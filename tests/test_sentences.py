"""What people and gateways wrote stands before another sentence of ours as one of its own."""

from __future__ import annotations

import pytest

from orders.sentences import full_stop


@pytest.mark.parametrize("text", ["It was wrong", " It was wrong\n"])
def test_a_sentence_gets_its_end(text: str) -> None:
    assert full_stop(text) == "It was wrong."


@pytest.mark.parametrize("text", ["It was wrong.", "Was it wrong?", "Wrong!", "It was wrong…"])
def test_a_sentence_that_has_its_end_keeps_it(text: str) -> None:
    assert full_stop(text) == full_stop(full_stop(text)) == text
