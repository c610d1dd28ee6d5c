"""Why a process ended, as a sentence made of what was seen and nothing else.

Owns the wording. Does not guess: that memory ran out is said where the kernel says so; how much was in use is
said always.
"""

from __future__ import annotations

import signal

from funcnodes.fleet.events import Evidence, ExitStatus

_SHOWN_WORDS = 300
_FAULTS = frozenset(
    number
    for name in ("SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGSEGV", "SIGSYS", "SIGTRAP")
    if (number := getattr(signal, name, None)) is not None
)
"""The signals that a program gets for what it does itself."""
_KILL = 9
"""The number that a kernel without memory kills by; Windows has no name for it."""


def is_clean(status: ExitStatus) -> bool:
    """Tell whether the process ended by itself and said that all is well."""
    return status.code == 0


def is_own_doing(status: ExitStatus) -> bool:
    """Tell whether the process ended by itself or by its own fault, as far as is known."""
    return status.code is not None or status.signal in _FAULTS


def exit_sentence(status: ExitStatus, evidence: Evidence) -> str:
    """Return what ended the process, with the evidence: "killed by signal 9 while node `n1` ran; …"."""
    parts = [f"killed since {evidence.killed_for}" if evidence.killed_for else _cause(status)]
    parts[0] += during(evidence)
    if evidence.crashed_in and status.signal is not None:
        parts.append(f"it crashed in {evidence.crashed_in}")
    if evidence.memory is not None and status.signal is not None:
        parts.append(f"{size_text(evidence.memory)} in use when last seen")
    if evidence.kernel and status.code is None and status.signal in (None, _KILL):
        parts.append(evidence.kernel)
    if evidence.last_words and status.signal is None and status.code not in (0, None):
        parts.append(f"its last words: {' '.join(evidence.last_words)[-_SHOWN_WORDS:]}")
    return "; ".join(parts)


def during(evidence: Evidence) -> str:
    """Return what ran at that moment, as the rest of a sentence: " while node `n1` ran"; or nothing."""
    return f" while node `{evidence.run.title}` ran{_for(evidence.age)}" if evidence.run is not None else ""


def _cause(status: ExitStatus) -> str:
    if status.signal is not None:
        return f"killed by signal {status.signal}{_signal_name(status.signal)}"
    if status.code is None:
        return "ended in a way that is not known, since an earlier manager had started it"
    if status.code == 0:
        return "ended by itself"
    return f"ended by itself with exit code {status.code}"


def _signal_name(number: int) -> str:
    try:
        return f" ({signal.Signals(number).name})"
    except ValueError:
        return ""


def _for(age: float) -> str:
    return f" (for {age:.0f} s)" if age >= 1.0 else ""


def size_text(count: int) -> str:
    """Return bytes as people say them, and as the command line and the settings do: 1 MB is a million."""
    if count >= 10**9:
        return f"{count / 10**9:.1f} GB"
    return f"{count / 10**6:.0f} MB"
