"""The manager's log: `<base>/logs/funcnodes.log`, rotating, for as long as the manager runs.

Owns the handler. What is worth a line is said where it happens; tokens, codes and session ids never are.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Generator
from logging.handlers import RotatingFileHandler

from funcnodes_worker.home.base import Base

_SIZE = 5 * 1024 * 1024
_KEPT = 5
_FORM = "%(asctime)s %(levelname)s %(name)s: %(message)s"


@contextlib.contextmanager
def manager_log(base: Base) -> Generator[None]:
    """Write what the manager says to its file while the block runs."""
    base.logs.mkdir(exist_ok=True)
    file = base.logs / "funcnodes.log"
    handler = RotatingFileHandler(file, maxBytes=_SIZE, backupCount=_KEPT, encoding="utf-8")
    handler.setFormatter(logging.Formatter(_FORM))
    logger = logging.getLogger("funcnodes")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.setLevel(before)
        logger.removeHandler(handler)
        handler.close()
