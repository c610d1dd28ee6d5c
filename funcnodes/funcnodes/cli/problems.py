"""What went wrong, in one sentence with the next step; never a traceback unless asked.

Owns the command line's own problem and the list of exceptions whose text is meant for users.
"""

from __future__ import annotations

import os
import sys
import traceback
from typing import cast

FAILED = 1
WRONGLY_ASKED = 2


class Problem(Exception):
    """Raised by a command that cannot do what it was asked; names the cause and the next step."""

    def __init__(self, sentence: str, exit_code: int = FAILED) -> None:
        super().__init__(sentence)
        self.sentence, self.exit_code = sentence, exit_code


def say(problem: BaseException, *, debug: bool) -> int:
    """Write the problem on standard error and return the exit code."""
    problem = _alone(problem)
    if debug:
        traceback.print_exception(problem)
    sentence = sentence_of(problem)
    if sentence is None:
        hint = "" if debug else " Run it again with `funcnodes --debug …` to see where."
        kind = type(problem).__name__
        sys.stderr.write(f"This is a mistake in FuncNodes, not yours: {kind}: {problem}.{hint}\n")
        return FAILED
    sys.stderr.write(f"{_red('Error:')} {_as_sentence(sentence)}\n")
    return problem.exit_code if isinstance(problem, Problem) else FAILED


def sentence_of(problem: BaseException) -> str | None:
    """Return the sentence for users, or None for what we have not foreseen."""
    if isinstance(problem, Problem):
        return problem.sentence
    # Imported here only: they cost more than a good command needs, and a failed one has time.
    from funcnodes_worker.disk.lock import LockHeld
    from funcnodes_worker.home.base import BaseProblem

    from funcnodes.client.errors import ClientError
    from funcnodes.environment.errors import EnvironmentProblem
    from funcnodes.headless.archive import TransferFailed
    from funcnodes.headless.opening import FlowRefused
    from funcnodes.server.client import ManagerGone, ManagerRefused, ManagerUnreachable
    from funcnodes.server.ui.keeper import ManagerNotStarted
    from funcnodes.server.ui.listen import CannotListen

    known = (
        BaseProblem,
        CannotListen,
        ClientError,
        EnvironmentProblem,
        FlowRefused,
        LockHeld,
        ManagerGone,
        ManagerNotStarted,
        ManagerRefused,
        ManagerUnreachable,
        TransferFailed,
    )
    if isinstance(problem, known):
        return str(problem)
    if isinstance(problem, PermissionError) and problem.filename:
        return f"{problem.filename} may not be read or written by this user; check its permissions"
    if isinstance(problem, OSError) and problem.filename:
        return f"{problem.filename}: {problem.strerror}; check the path and the disk"
    return None


def _alone(problem: BaseException) -> BaseException:
    """Return the one problem of a task group that had one."""
    if isinstance(problem, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", problem)
        return _alone(group.exceptions[0]) if len(group.exceptions) == 1 else group
    return problem


def _as_sentence(text: str) -> str:
    # Names stay as they are: `demo.fnw` is no other file for standing first, nor `numpy<1`.
    if text.split(" ", 1)[0].rstrip(",:;").isalpha():
        text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?", "`")) else f"{text}."


def _red(text: str) -> str:
    return f"\033[1;31m{text}\033[0m" if sys.stderr.isatty() and "NO_COLOR" not in os.environ else text
