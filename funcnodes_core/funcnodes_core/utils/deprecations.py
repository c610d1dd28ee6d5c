"""The warning class of FuncNodes. Test tools turn it into errors, so published doors never warn with it."""

__all__ = ["FuncNodesDeprecationWarning"]


class FuncNodesDeprecationWarning(DeprecationWarning):
    """Something of FuncNodes will go."""
