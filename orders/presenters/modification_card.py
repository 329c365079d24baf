"""The card of one modification: its story, and how the page follows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from orders.models import Modification
from orders.presenters.following import Following, Seen, follow
from orders.presenters.story import Story, story_of


@dataclass(frozen=True, kw_only=True)
class Card:
    """What the card shows; `followed` is false on a page that was opened after the end."""

    modification: Modification
    story: Story
    following: Following
    followed: bool

    @property
    def news(self) -> str:
        """What a screen reader hears when it changed."""
        return f"{self.story.title}: {self.modification.get_state_display()}. {self.story.sentence}"


def card_of(modification: Modification, *, seen: Seen, now: datetime) -> Card:
    """The card now. The modification comes with its account loaded."""
    story = story_of(modification, now=now)
    return Card(
        modification=modification,
        story=story,
        following=follow(
            [modification], seen, now=now, facts=[story.undo_seconds > 0, modification.account.paused_reason]
        ),
        followed=bool(seen.mark) or not modification.finished,
    )
