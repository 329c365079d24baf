"""What the file of one merchant, gateway and day holds, and what is true about it."""

from __future__ import annotations

import functools
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from orders.sandbox.ledger import Ledger
from orders.sandbox.settlement.additional import chargeback_fee
from orders.sandbox.settlement.lines import CHARGEBACK, PAYOUT, Line, Movement, Story, Truth
from orders.sandbox.settlement.mistakes import FILE_LEFT_OUT, SPLIT_LEG_LOST, Dial
from orders.sandbox.settlement.movements import merchants_of, movements_of
from orders.sandbox.settlement.scene import Scene, line_of

LOOK_BACK = timedelta(days=20)
"""No line is listed later than that after its movement."""
MOST_DAYS_WITHOUT = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """One merchant's settlement at one gateway under one dial."""

    ledger: Ledger
    gateway: str
    merchant_key: str
    dial: Dial

    def lines_of(self, day: date) -> list[Line] | None:
        """The lines listed on that day, payouts last; None when there is no file of that day."""
        if self.dial.leaves_out(self.gateway, self.merchant_key, day):
            return None
        stories = self._stories(day - LOOK_BACK, day)
        lines = [line for story in stories for line in story.lines if line.listed_on == day]
        return [*lines, *_payouts(lines, self.merchant_key, day)]

    def truths(self, first: date, last: date) -> list[Truth]:
        """About every movement that was carried out on these days, wherever its line is listed."""
        return [
            truth
            for story in self._stories(first, last)
            for truth in story.truths
            if first <= truth.movement.day <= last
        ]

    def _stories(self, first: date, last: date) -> list[Story]:
        """In the ledger's order. A transaction meets one mistake at most: that of its earliest movement that errs."""
        movements = movements_of(self.ledger, self.gateway, self.merchant_key, first, last)
        siblings = defaultdict[str, list[Movement]](list)
        for one in movements:
            siblings[one.transaction_id].append(one)
        strangers_on = functools.cache(self._strangers)
        fee = self.ledger.dials.now.fee_basis_points
        stories = list[Story]()
        erred, told_elsewhere = set[str](), set[str]()
        for one in movements:
            scene = Scene(
                movement=one,
                siblings=siblings[one.transaction_id],
                strangers_on=strangers_on,
                draw=self.dial.draw(one.key),
                fee_basis_points=fee,
                file_from=self._file_from,
            )
            mistake = None if one.transaction_id in erred else self._mistake(scene)
            if mistake is not None:
                erred.add(one.transaction_id)
                told_elsewhere |= mistake.instead_of
                stories.append(mistake)
            elif one.key not in told_elsewhere:
                stories.append(self._honest(one, fee))
        return stories

    def _mistake(self, scene: Scene) -> Story | None:
        if not self.dial.basis_points or self.dial.leaves_out(self.gateway, self.merchant_key, scene.day):
            return None
        return self.dial.mistake_of(scene)

    def _honest(self, movement: Movement, fee: int) -> Story:
        """As it was; and when there is no file of that day, nobody says so."""
        if not movement.done:
            return Story()
        there = not self.dial.leaves_out(self.gateway, self.merchant_key, movement.day)
        lost = _part_lost(movement)
        if not there:
            missing = Truth(kind=FILE_LEFT_OUT, type="ours_not_theirs", cause="file_missing", movement=movement)
            return Story(truths=(*lost, missing))
        if movement.parts or lost:
            return Story(lines=tuple(line_of(movement, fee, amount=part) for part in movement.parts), truths=lost)
        line = line_of(movement, fee)
        return Story(lines=(line, chargeback_fee(line)) if movement.type == CHARGEBACK else (line,))

    def _strangers(self, day: date) -> list[Movement]:
        return [
            one
            for key in merchants_of(self.ledger, self.gateway)
            if key != self.merchant_key
            for one in movements_of(self.ledger, self.gateway, key, day, day)
            if one.day == day
        ]

    def _file_from(self, day: date) -> date:
        for _ in range(MOST_DAYS_WITHOUT):
            if not self.dial.leaves_out(self.gateway, self.merchant_key, day):
                break
            day += timedelta(days=1)
        return day


def _part_lost(movement: Movement) -> tuple[Truth, ...]:
    """A leg that failed has no line, which is the news even where no file tells."""
    if not movement.lost_part:
        return ()
    return (Truth(kind=SPLIT_LEG_LOST, type="split_leg_failed", cause="split_leg_failed", movement=movement),)


def _payouts(lines: list[Line], merchant_key: str, day: date) -> list[Line]:
    """What goes to the merchant's bank, by currency; where less than nothing is left, nothing goes."""
    sums = defaultdict[str, int](int)
    for line in lines:
        if line.booked_on == day:
            sums[line.currency] += line.net
    return [
        Line(
            merchant_key=merchant_key,
            listed_on=day,
            booked_on=day,
            type=PAYOUT,
            gross=-amount,
            fee=0,
            currency=currency,
        )
        for currency, amount in sorted(sums.items())
        if amount > 0
    ]
