"""The times in a worker's life, each with the reason for it."""

from __future__ import annotations

HELLO_LIMIT_S = 120.0
"""A launched worker says hello within this time: importing large libraries from a cold disk takes minutes."""
RUN_IS_LONG_S = 1.0
"""A node that runs longer is shown, and its worker asked whether it still hears."""
DEAF_AFTER_S = 3.0
"""A worker whose server thread does not answer for so long keeps everybody waiting: people are told."""
ASK_LIMIT_S = 10.0
"""A worker that was asked to end writes its snapshot and lets its clients go."""
ASK_DEAF_LIMIT_S = 1.0
"""A deaf one is asked too, in case it hears again just now."""
TERMINATE_LIMIT_S = 3.0
"""SIGTERM is heard by Python between two of its instructions, or not at all."""
KILL_LIMIT_S = 5.0
"""A killed process is gone in milliseconds, unless the system itself holds it."""
