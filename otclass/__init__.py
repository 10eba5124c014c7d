"""Tag abstracts of the neuropeptide literature with the domains of the oxytocin-and-relationships field.

Examples
--------
>>> from otclass import tag
>>> tag("Intranasal oxytocin lowered cortisol after a social stress test; anxiety fell and resilience rose.")
('stress_buffering',)
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from otclass.classifier import TopicClassifier
    from otclass.domains import DOMAINS, Domain
    from otclass.records import Record, read_records
    from otclass.tagger import Tagger, Tags, tag

__all__ = ["DOMAINS", "Domain", "Record", "Tagger", "Tags", "TopicClassifier", "read_records", "tag"]

_HOMES = {
    "DOMAINS": "domains",
    "Domain": "domains",
    "Record": "records",
    "Tagger": "tagger",
    "Tags": "tagger",
    "TopicClassifier": "classifier",
    "read_records": "records",
    "tag": "tagger",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for (PEP 562), so that importing otclass costs nothing."""
    if name == "__version__":
        from importlib.metadata import version

        return version("otclass")
    if name not in _HOMES:
        raise AttributeError(f"module 'otclass' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"otclass.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
