"""The settings of an external worker, as module authors write them. The only place that imports pydantic."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel


class ExternalWorkerConfig(BaseModel):
    """What can be set on an external worker. Fields marked `export: False` never leave its folder."""

    EXPORT_EXCLUDE_FIELDS: ClassVar[set[str] | frozenset[str]] = frozenset()

    def exportable_dict(self) -> dict[str, Any]:
        """Return the settings without those that stay here."""
        return self.model_dump(mode="json", exclude=self.kept_back())

    @classmethod
    def kept_back(cls) -> set[str]:
        """Return the names of the fields that never leave the worker's folder."""
        kept = set(cls.EXPORT_EXCLUDE_FIELDS)
        for name, field in cls.model_fields.items():
            extra = field.json_schema_extra
            if isinstance(extra, dict) and extra.get("export") is False:
                kept.add(name)
        return kept
