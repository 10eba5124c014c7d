"""Help for those who label: what to label next, what to doubt, where annotators part, whether more pays."""

from otclass.curation.audit import Audit, audit
from otclass.curation.compare import Comparison, compare
from otclass.curation.curve import LearningCurve, learning_curve
from otclass.curation.start import Started, start_from
from otclass.curation.suggest import Suggestion, Suggestions, suggest

__all__ = [
    "Audit",
    "Comparison",
    "LearningCurve",
    "Started",
    "Suggestion",
    "Suggestions",
    "audit",
    "compare",
    "learning_curve",
    "start_from",
    "suggest",
]
