"""Published path; the content lives in `engine.waiting`."""

from funcnodes_core.engine.waiting import TriggerStack

__all__ = ["TriggerStack"]
