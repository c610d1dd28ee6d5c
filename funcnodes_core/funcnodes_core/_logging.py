"""Logging: the logger `funcnodes` and its children, with the handlers that the settings name.

Nothing is written anywhere before a logger is asked for with `get_logger` or a folder is named with
`set_logging_dir`.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any, cast

from funcnodes_core import config

__all__ = ["FUNCNODES_LOGGER", "get_logger", "get_logging_dir", "set_log_format", "set_logging_dir"]

FUNCNODES_LOGGER = logging.getLogger("funcnodes")
DEFAULT_FORMAT = "%(asctime)s - %(name)s - %(levelname)s - %(message)s"


class CuttingFormatter(logging.Formatter):
    """A formatter that cuts long messages, and never tracebacks."""

    def __init__(self, fmt: str = DEFAULT_FORMAT, max_length: int | None = None) -> None:
        super().__init__(fmt)
        self.max_length = max_length or int(os.environ.get("FUNCNODES_LOG_MAX_FORMAT_LENGTH", "5000"))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name in logging
        """Return the line of a record, cut."""
        text = super().formatMessage(record)
        return text if len(text) <= self.max_length else f"{text[: self.max_length]}..."


_formatter = CuttingFormatter()
_logging_dir: Path | None = None


def get_logging_dir() -> Path:
    """Return the folder for log files."""
    return _logging_dir or config.get_config_dir() / "logs"


def set_logging_dir(path: str | Path) -> None:
    """Write log files below `path`, which is made."""
    global _logging_dir
    _logging_dir = Path(path)
    _logging_dir.mkdir(parents=True, exist_ok=True)
    _update_logger(FUNCNODES_LOGGER)


def set_log_format(fmt: str = DEFAULT_FORMAT, max_length: int | None = None) -> None:
    """Format all records of funcnodes like this from now on."""
    global _formatter
    _formatter = CuttingFormatter(fmt, max_length)
    for handler in FUNCNODES_LOGGER.handlers:
        handler.setFormatter(_formatter)


def get_logger(name: str, propagate: bool = True) -> logging.Logger:
    """Return the logger `funcnodes.<name>`; records reach the handlers of `funcnodes`."""
    logger = logging.getLogger(name if name.split(".")[0] == "funcnodes" else f"funcnodes.{name}")
    if not FUNCNODES_LOGGER.handlers:
        _update_logger(FUNCNODES_LOGGER)
    logger.propagate = propagate
    if not propagate:
        _update_logger(logger)
    return logger


def _update_logger(logger: logging.Logger) -> None:
    """Give a logger the level and the handlers that the settings say."""
    level = _settings().get("level")
    if level is not None:
        logger.setLevel(level)
    _update_logger_handlers(logger)


def _update_logger_handlers(
    logger: logging.Logger, prev_dir: str | Path | None = None, clear: bool = False
) -> None:
    """Give a logger the handlers that the settings name; ours are made anew, others stay."""
    for handler in [
        handler for handler in logger.handlers if clear or handler.get_name() in ("console", "file")
    ]:
        logger.removeHandler(handler)
        handler.close()
    broken: list[str] = []
    for name, said in cast("dict[str, Any]", _settings().get("handler", {})).items():
        if isinstance(said, dict):
            try:
                logger.addHandler(_made(name, cast("dict[str, Any]", said), logger))
            except (TypeError, ValueError) as error:
                broken.append(f"the handler {name!r} of logging in config.json is left out: {error}")
    # Told when the others stand: a program logs on whatever its settings say.
    for sentence in broken:
        logger.warning(sentence)


def _made(name: str, said: dict[str, Any], logger: logging.Logger) -> logging.Handler:
    options = dict(said.get("options") or {})
    kind = _kind_of(said.get("handlerclass"))
    if issubclass(kind, logging.FileHandler):
        folder = get_logging_dir()
        folder.mkdir(parents=True, exist_ok=True)
        options.setdefault("filename", str(folder / f"{logger.name}.log"))
        options.setdefault("delay", True)
    handler = kind(**options)
    handler.set_name(name)
    handler.setFormatter(_formatter)
    if said.get("level") is not None:
        handler.setLevel(said["level"])
    return handler


def _kind_of(said: Any) -> type[logging.Handler]:
    """Return a class of `logging` or `logging.handlers`; the original writes their whole names."""
    name = str(said or "StreamHandler").rpartition(".")[2]
    kind: Any = getattr(logging, name, None)
    if kind is None:
        # Imported here: it brings pickle and sockets, which a plain import of the core does without.
        from logging import handlers

        kind = getattr(handlers, name, None)
    if not (isinstance(kind, type) and issubclass(kind, logging.Handler)):
        raise ValueError(f"logging has no handler class {said!r}")
    return kind


def _settings() -> dict[str, Any]:
    return config.get_config().get("logging") or {}
