"""The domains of the oxytocin-and-relationships field: the only place that spells them out."""

from typing import NamedTuple


class Domain(NamedTuple):
    """A domain of the codebook.

    Attributes
    ----------
    key : str
        Short name used in data files, tags and columns.
    name : str
        Name for people.
    meaning : str
        What an abstract of this domain is about, in one sentence.
    """

    key: str
    name: str
    meaning: str


DOMAINS: tuple[Domain, ...] = (
    Domain(
        "stress_buffering",
        "Stress buffering",
        "The ability to withstand stress, anxiety and threat, and what protects it.",
    ),
    Domain(
        "emotion_recognition",
        "Emotion recognition",
        "Recognising, reading or sharing the emotions and minds of others.",
    ),
    Domain(
        "synchrony",
        "Synchrony",
        "Social synchrony, coordination, cooperation and trust: what binds individuals to act together.",
    ),
    Domain(
        "social_touch",
        "Social touch",
        "Touch between individuals, from massage to skin-to-skin contact, and how it is perceived.",
    ),
    Domain(
        "grief",
        "Grief",
        "Loss of, or separation from, a bonded other, and the loneliness that follows.",
    ),
    Domain(
        "opioid_interaction",
        "Opioid interaction",
        "The opioid system together with another neuropeptide or with social, emotional or stress-related "
        "behaviour.",
    ),
    Domain(
        "therapy",
        "Therapy",
        "Treatment of psychiatric, neurodevelopmental, social or behavioural problems.",
    ),
)
"""The seven domains, in the codebook's order."""

DOMAIN_KEYS: tuple[str, ...] = tuple(domain.key for domain in DOMAINS)
"""Keys of `DOMAINS`, in the same order."""
