"""What follows when a worker's process has ended without being told to.

Owns the verdict: rest, start again, or leave it to a person; and what is remembered for it, the budget of
crashes and the suspects. Pure; `life` asks and acts.
"""

from __future__ import annotations

import msgspec

from funcnodes.fleet.events import ProcessExited
from funcnodes.fleet.exit_reason import exit_sentence, is_clean
from funcnodes.fleet.quarantine import Quarantine
from funcnodes.fleet.restart_policy import PROMISES, WINDOW_S, CrashBudget, GiveUp, RestartAfter


class Rest(msgspec.Struct, frozen=True):
    """Nothing follows: it ended in good order."""

    reason: str


class Again(msgspec.Struct, frozen=True):
    """It is started again after so many seconds."""

    wait_s: float
    reason: str
    """What is shown until it is started."""
    then: str
    """What is shown from then on."""


class LeftToPerson(msgspec.Struct, frozen=True):
    """It is not started again by itself."""

    reason: str


Verdict = Rest | Again | LeftToPerson


class Aftermath(msgspec.Struct):
    """What one worker's ends have taught."""

    budget: CrashBudget = msgspec.field(default_factory=CrashBudget)
    quarantine: Quarantine = msgspec.field(default_factory=Quarantine)

    def judge(self, event: ProcessExited, *, is_starting: bool, somebody_waits: bool) -> Verdict:
        """Return what follows from this end, and remember it."""
        sentence = exit_sentence(event.status, event.evidence)
        if is_starting and event.went_back:
            reason = f"went back to the environment before: with the new one it was {sentence}"
            return Again(0.0, reason, reason)
        if is_starting and somebody_waits and event.status.code is not None:
            # It ended by itself, and somebody waits to hear why: trying again would only delay that.
            return LeftToPerson(f"did not start: {sentence}")
        promise = PROMISES[event.policy]
        if is_clean(event.status):
            if not promise.after_good_end:
                return Rest(sentence)
        else:
            sentence = self._blamed(event, sentence)
            if not promise.after_crash and not somebody_waits:
                return LeftToPerson(f"{sentence}. It is not started again: its policy is {event.policy!s}")
        return self._again(event, sentence)

    def _blamed(self, event: ProcessExited, sentence: str) -> str:
        run = event.evidence.run
        if run is not None and self.quarantine.blame(run.node, sentence):
            return f"{sentence}. That is the second time: the graph opens without running `{run.title}`"
        return sentence

    def _again(self, event: ProcessExited, sentence: str) -> Verdict:
        then = f"started again after it was {sentence}"
        match self.budget.decide(event.at, event.jitter):
            case RestartAfter(wait) if wait == 0.0:
                return Again(0.0, then, then)
            case RestartAfter(wait):
                return Again(wait, f"{sentence}; starts again in {wait:.1f} s", then)
            case GiveUp(crashes):
                minutes = WINDOW_S / 60
                return LeftToPerson(
                    f"ended {crashes} times within {minutes:.0f} minutes, at last: {sentence}"
                )
