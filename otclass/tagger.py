"""Tagger: a trained model in use, and Tags, its answer."""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, cached_property, lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Self, overload

import numpy as np

from otclass import modelfile
from otclass.cleaning import clean_fields
from otclass.modelfile import Model
from otclass.scoring import COMPILED, Floats, expit

if TYPE_CHECKING:
    from tempfile import TemporaryDirectory

    import pandas as pd
    from matplotlib.axes import Axes
    from sklearn.pipeline import Pipeline

    from otclass.evidence import Explanation

Thresholds = float | Mapping[str, float]

_CHUNK = 128
"""Texts counted at once: enough for NumPy, few enough for the processor's cache."""
_SHARED_CHUNK = 1000
"""Texts sent to another thread or process at once."""


class Tags(tuple[str, ...]):
    """The domains of one text, most probable first; a tuple of their keys."""

    _by: "tuple[Tagger, list[float]] | None" = None
    """Who gave them, and the thresholds."""
    _fields: tuple[str, ...]
    _values: tuple[float, ...]
    """The probability of every label of the model."""

    @cached_property
    def probabilities(self) -> dict[str, float]:
        """Calibrated probability of every domain, between 0 and 1."""
        tagger, _ = self._given_by
        return dict(zip(tagger.domains, map(self._values.__getitem__, tagger._columns), strict=True))

    @cached_property
    def neuropeptide(self) -> float | None:
        """Probability that the text studies a neuropeptide; None if the model has not learned that."""
        column = self._given_by[0]._scope_column
        return None if column is None else self._values[column]

    @cached_property
    def review(self) -> tuple[str, ...]:
        """Domains, tagged or not, whose probability lies in the band where a person should look.

        The most probable first.
        """
        bands, named = self._given_by[0]._bands, self.probabilities
        inside = [key for (key, p), (low, high) in zip(named.items(), bands, strict=True) if low <= p <= high]
        return _ranked(inside, named) if inside else ()

    @property
    def _given_by(self) -> "tuple[Tagger, list[float]]":
        if self._by is None:
            raise ValueError(
                "these tags came without their text, as from another process; use Tagger.explain(text)."
            )
        return self._by

    def explain(self) -> "Explanation":
        """Give the evidence: which words and sentences carried each domain, and which spoke against it.

        Returns
        -------
        Explanation

        Raises
        ------
        ValueError
            If the tags were unpickled: they leave their text and model behind; ask `Tagger.explain`.

        Examples
        --------
        >>> from otclass import tag
        >>> tags = tag("Grief and loneliness of bereaved parents after the loss of a child.")
        >>> tags.explain().domains["grief"].supporting[0].contribution > 0
        True
        """
        from otclass.evidence import explain

        tagger, cut = self._given_by
        cut_of = dict(zip(tagger.domains, cut, strict=True))
        return explain(tagger.model, self._fields, self.probabilities, cut_of)

    def _repr_html_(self) -> str | None:
        return self.explain()._repr_html_() if self._by else None

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        # A tuple of str never changes, and the model behind it is not to be copied.
        return self

    def __getstate__(self) -> dict[str, Any]:
        # Between processes tags travel without the model.
        return {
            "probabilities": self.probabilities,
            "neuropeptide": self.neuropeptide,
            "review": self.review,
        }


class Tagger:
    """A trained model in use.

    Parameters
    ----------
    model : Model
        From `TopicClassifier.model_` or `modelfile.load`.

    Attributes
    ----------
    model : Model
    domains : tuple of str
        Keys of the domains that it tags.
    thresholds : dict of str to float
        Probability from which each domain is given.

    Examples
    --------
    >>> tagger = Tagger.default()
    >>> tagger.tag("Grief after the loss of a partner in prairie voles.")
    ('grief',)
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.domains = tuple(label for label in model.labels if label != model.scope)
        self._columns = [model.labels.index(domain) for domain in self.domains]
        self.thresholds = dict(zip(self.domains, model.thresholds[self._columns].tolist(), strict=True))
        self._bands = model.review[self._columns].tolist()
        self._scope_column = model.labels.index(model.scope) if model.scope else None

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Open a model folder.

        Parameters
        ----------
        path : path
            A folder that `otclass train` wrote.

        Raises
        ------
        ModelError
            If it is no model folder or a damaged one.
        """
        return cls(modelfile.load(path))

    @classmethod
    def default(cls) -> "Tagger":
        """Give the tagger with the shipped model, opened once."""
        return _default()

    @overload
    def tag(self, text: str, *, thresholds: Thresholds | None = None, n_jobs: int = 1) -> Tags: ...  # type: ignore[overload-overlap]
    @overload
    def tag(
        self, text: Iterable[str], *, thresholds: Thresholds | None = None, n_jobs: int = 1
    ) -> list[Tags]: ...
    @overload
    def tag(  # type: ignore[overload-overlap]
        self, *, title: str, abstract: str, thresholds: Thresholds | None = None, n_jobs: int = 1
    ) -> Tags: ...
    @overload
    def tag(
        self,
        *,
        title: Iterable[str],
        abstract: Iterable[str],
        thresholds: Thresholds | None = None,
        n_jobs: int = 1,
    ) -> list[Tags]: ...

    def tag(
        self,
        text: str | Iterable[str] | None = None,
        *,
        title: str | Iterable[str] | None = None,
        abstract: str | Iterable[str] | None = None,
        thresholds: Thresholds | None = None,
        n_jobs: int = 1,
    ) -> Tags | list[Tags]:
        """Tag one text or many.

        Parameters
        ----------
        text : str or iterable of str
            A text (title and abstract, or a pasted page), or texts: a list, a pandas Series ...
        title, abstract : str or iterable of str
            The two fields apart, instead of `text`; both single or both many.
        thresholds : float or mapping of str to float, optional
            Probability from which a domain is given, for all or by domain, instead of the model's.
        n_jobs : int, default 1
            Threads to share many texts out to; -1 for one a core. Pays from some thousands of texts on.
            A backend that ``joblib.parallel_config`` names, such as Dask or Ray, takes the threads' place
            (extra ``otclass[parallel]``), as do processes where otclass was not compiled.

        Returns
        -------
        Tags or list of Tags
            One for a single text; for many a list in their order.

        Raises
        ------
        TypeError
            If something is no text; the message says which item.
        ValueError
            If a threshold names no domain or lies outside 0 to 1, titles and abstracts differ in number, or
            `n_jobs` is 0.
        """
        return self._tag(text, title, abstract, thresholds, n_jobs)

    def _tag(
        self,
        text: str | Iterable[str] | None,
        title: str | Iterable[str] | None,
        abstract: str | Iterable[str] | None,
        thresholds: Thresholds | None,
        n_jobs: int,
    ) -> Tags | list[Tags]:
        if text is not None and title is None and abstract is None:
            if isinstance(text, str):
                return next(self._tags([(text,)], thresholds))
            return list(self._tags(zip(_checked(text, "texts"), strict=True), thresholds, n_jobs))
        if text is None and title is not None and abstract is not None:
            if isinstance(title, str) and isinstance(abstract, str):
                return next(self._tags([(title, abstract)], thresholds))
            if isinstance(title, str) or isinstance(abstract, str):
                raise TypeError("title and abstract must both be one text, or both be many.")
            titles, abstracts = list(_checked(title, "titles")), list(_checked(abstract, "abstracts"))
            if len(titles) != len(abstracts):
                raise ValueError(f"there are {len(titles)} titles but {len(abstracts)} abstracts.")
            return list(self._tags(zip(titles, abstracts, strict=True), thresholds, n_jobs))
        raise TypeError("give a text (or texts), or title and abstract; None is no text.")

    def probabilities(self, texts: Iterable[str]) -> Floats:
        """Give the probability of every label, the scope included, for many texts.

        Parameters
        ----------
        texts : iterable of str

        Returns
        -------
        ndarray of float, shape (n_texts, n_labels)
            Columns in the order of ``model.labels``.
        """
        chunks = [chunk for _, chunk in self._probabilities(zip(_checked(texts, "texts"), strict=True))]
        return np.concatenate(chunks) if chunks else np.empty((0, len(self.model.labels)))

    def explain(
        self,
        text: str | None = None,
        *,
        title: str | None = None,
        abstract: str | None = None,
        thresholds: Thresholds | None = None,
    ) -> "Explanation":
        """Tag one text and give the evidence: which words and sentences carried each domain.

        Parameters
        ----------
        text : str
            A text (title and abstract, or a pasted page).
        title, abstract : str
            The two fields apart, instead of `text`.
        thresholds : float or mapping of str to float, optional
            As for `tag`.

        Returns
        -------
        Explanation

        Raises
        ------
        TypeError, ValueError
            As for `tag`; TypeError also for many texts, which are explained one by one.

        Examples
        --------
        >>> explanation = Tagger.default().explain(title="Grief and oxytocin", abstract="Widows felt lonely.")
        >>> explanation.source
        'Grief and oxytocin\\nWidows felt lonely.'
        """
        for given in (text, title, abstract):
            if given is not None and not isinstance(given, str):
                raise TypeError(f"explain takes one text, not {_kind(given)}; explain texts one by one.")
        tags = self._tag(text, title, abstract, thresholds, 1)
        assert isinstance(tags, Tags)
        return tags.explain()

    def terms(self, domain: str, n: int = 30) -> list[tuple[str, float]]:
        """List the terms that mean a domain to the model.

        Parameters
        ----------
        domain : str
            Key of a domain, or another of ``model.labels``.
        n : int, default 30
            How many for the domain, and how many against it.

        Returns
        -------
        list of tuple of str and float
            Term and what it carries across the literature (`otclass.evidence.importance`; comparable, without
            a unit), the strongest for the domain first, the strongest against it last.

        Raises
        ------
        ValueError
            If the model has no such domain, or `n` is negative.

        Examples
        --------
        >>> "grief" in [term for term, weight in Tagger.default().terms("grief", n=5)]
        True
        """
        from otclass.evidence import strongest_terms

        return strongest_terms(self.model, domain, n)

    def plot_terms(self, domain: str, n: int = 15) -> "Axes":
        """Plot the terms that mean a domain to the model.

        Parameters
        ----------
        domain, n
            As for `terms`.

        Returns
        -------
        matplotlib.axes.Axes
            On a figure of its own.

        Raises
        ------
        ValueError
            As for `terms`.
        """
        from otclass.evidence import plot_terms

        return plot_terms(self.model, domain, n)

    def frame(self, texts: Iterable[str], *, thresholds: Thresholds | None = None) -> "pd.DataFrame":
        """Tag many texts into a table.

        Parameters
        ----------
        texts : iterable of str
            If it is a pandas Series its index is kept.
        thresholds : float or mapping of str to float, optional
            As for `tag`.

        Returns
        -------
        pandas.DataFrame
            A boolean column a domain (its key), a probability column a domain (``p_`` and its key), and
            ``neuropeptide``, its probability, where the model knows it.

        Raises
        ------
        TypeError, ValueError
            As for `tag`.
        """
        import pandas as pd

        cut = self._cut(thresholds)
        index = texts.index if isinstance(texts, pd.Series) else None
        probability = self.probabilities(texts)
        table: dict[str, Any] = {}
        for domain, column, threshold in zip(self.domains, self._columns, cut, strict=True):
            table[domain] = probability[:, column] >= threshold
        for domain, column in zip(self.domains, self._columns, strict=True):
            table[f"p_{domain}"] = probability[:, column]
        if self.model.scope:
            table["neuropeptide"] = probability[:, self.model.labels.index(self.model.scope)]
        return pd.DataFrame(table, index=index)

    def _cut(self, thresholds: Thresholds | None) -> list[float]:
        """The threshold of each domain."""
        cut = dict(self.thresholds)
        if isinstance(thresholds, Mapping):
            unknown = [key for key in thresholds if key not in cut]
            if unknown:
                raise ValueError(f"threshold for {unknown[0]!r}, which is none of {', '.join(self.domains)}.")
            cut.update(thresholds)
        elif thresholds is not None:
            cut = dict.fromkeys(cut, thresholds)
        for domain, threshold in cut.items():
            if not isinstance(threshold, (int, float)) or not 0 <= threshold <= 1:
                raise ValueError(f"threshold for {domain} is {threshold!r}; it must be a number from 0 to 1.")
        return list(cut.values())

    def _probabilities(
        self, origins: Iterable[tuple[str, ...]], n_jobs: int = 1
    ) -> Iterator[tuple[list[tuple[str, ...]], Floats]]:
        """The probabilities of texts, of each its fields, chunk by chunk."""
        if n_jobs == 1:
            for chunk in _chunks(origins, _CHUNK):
                yield chunk, self._probability(chunk)
            return
        chunks = list(_chunks(origins, _SHARED_CHUNK))
        if COMPILED and not _other_backend():
            from concurrent.futures import ThreadPoolExecutor

            # Most of the work needs no interpreter lock, and these threads wait less than joblib's.
            with ThreadPoolExecutor(_n_threads(n_jobs)) as pool:
                yield from zip(chunks, pool.map(self._probability, chunks), strict=True)
            return
        try:
            from joblib import Parallel, delayed
        except ImportError as error:
            raise ImportError("n_jobs needs joblib: pip install 'otclass[parallel]'.") from error
        with _Shared(self) as shared:
            answers = Parallel(n_jobs=n_jobs)(delayed(_probability)(shared, chunk) for chunk in chunks)
        yield from zip(chunks, answers, strict=True)

    def _probability(self, fields: list[tuple[str, ...]]) -> Floats:
        return expit(self.model.score(clean_fields(fields)))

    def _tags(
        self, origins: Iterable[tuple[str, ...]], thresholds: Thresholds | None, n_jobs: int = 1
    ) -> Iterator[Tags]:
        cut = self._cut(thresholds)
        by = self, cut
        alone = [(domain,) for domain in self.domains]
        for fields, chunk in self._probabilities(origins, n_jobs):
            tagged = chunk[:, self._columns] >= cut
            firsts = tagged.argmax(axis=1).tolist() if self.domains else [0] * len(chunk)
            rows = zip(fields, chunk.tolist(), tagged.sum(axis=1).tolist(), firsts, strict=True)
            for row, (origin, values, how_many, first) in enumerate(rows):
                if how_many > 1:
                    named = {self.domains[i]: values[self._columns[i]] for i in np.flatnonzero(tagged[row])}
                    tags = Tags(_ranked(named, named))
                else:
                    tags = Tags(alone[first] if how_many else ())
                tags._by, tags._fields, tags._values = by, origin, tuple(values)
                yield tags

    def to_pipeline(self) -> "Pipeline":
        """Rebuild the model as a plain scikit-learn pipeline, for use in scikit-learn code.

        Returns
        -------
        sklearn.pipeline.Pipeline
            ``TfidfVectorizer`` with this model's analyzer, terms and idf, then a one-vs-rest
            ``LogisticRegression`` with its coefficients. Its scores equal the tagger's within 1e-6.
        """
        from otclass.classifier import pipeline_of

        return pipeline_of(self.model)


@overload
def tag(text: str, *, thresholds: Thresholds | None = None, n_jobs: int = 1) -> Tags: ...  # type: ignore[overload-overlap]
@overload
def tag(text: Iterable[str], *, thresholds: Thresholds | None = None, n_jobs: int = 1) -> list[Tags]: ...
@overload
def tag(  # type: ignore[overload-overlap]
    *, title: str, abstract: str, thresholds: Thresholds | None = None, n_jobs: int = 1
) -> Tags: ...
@overload
def tag(
    *, title: Iterable[str], abstract: Iterable[str], thresholds: Thresholds | None = None, n_jobs: int = 1
) -> list[Tags]: ...


def tag(
    text: str | Iterable[str] | None = None,
    *,
    title: str | Iterable[str] | None = None,
    abstract: str | Iterable[str] | None = None,
    thresholds: Thresholds | None = None,
    n_jobs: int = 1,
) -> Tags | list[Tags]:
    """Tag one text or many with the shipped model.

    Parameters
    ----------
    text, title, abstract, thresholds, n_jobs
        As for `Tagger.tag`.

    Returns
    -------
    Tags or list of Tags
        One for a single text; for many a list in their order.

    Raises
    ------
    TypeError, ValueError
        As `Tagger.tag`.

    Examples
    --------
    >>> from otclass import tag
    >>> t = tag("Massage raised salivary oxytocin and felt pleasant: touch and C-tactile stroking compared.")
    >>> t
    ('social_touch',)
    >>> t.probabilities["social_touch"] > 0.9
    True
    """
    return _default()._tag(text, title, abstract, thresholds, n_jobs)


@cache
def _default() -> Tagger:
    package = os.path.dirname(os.path.abspath(__file__))
    inside = os.path.join(package, "models", "oxytocin-domains")
    # In a checkout the model stands beside the package.
    beside = os.path.join(os.path.dirname(package), "models", "oxytocin-domains")
    return Tagger.load(inside if os.path.isdir(inside) else beside)


def _chunks(origins: Iterable[tuple[str, ...]], size: int) -> Iterator[list[tuple[str, ...]]]:
    rest = iter(origins)
    while chunk := list(islice(rest, size)):
        yield chunk


def _other_backend() -> bool:
    """Whether joblib was told of a backend other than its threads, such as Dask."""
    if "joblib" not in sys.modules:
        return False
    from joblib.parallel import ThreadingBackend, get_active_backend

    return not isinstance(get_active_backend(prefer="threads")[0], ThreadingBackend)


def _n_threads(n_jobs: int) -> int:
    """The number of threads, counted as joblib does: -1 for one a core, -2 for one less."""
    if n_jobs == 0:
        raise ValueError("n_jobs is 0; give a number of threads, or -1 for one a core.")
    return n_jobs if n_jobs > 0 else max(1, (os.cpu_count() or 1) + 1 + n_jobs)


class _Shared:
    """A tagger to share with other processes: by name, or as a folder that each opens once.

    The shipped model needs no folder. For another it is written when the first process is to get it, and
    removed at the end.
    """

    def __init__(self, tagger: Tagger) -> None:
        self.tagger = tagger
        self._folder: TemporaryDirectory[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._folder is not None:
            self._folder.cleanup()

    def __reduce__(self) -> tuple[Any, ...]:
        if _default.cache_info().currsize and self.tagger is _default():
            return _shared_default, ()
        if self._folder is None:
            from tempfile import TemporaryDirectory

            self._folder = TemporaryDirectory(prefix="otclass-")
            modelfile.save(self.tagger.model, os.path.join(self._folder.name, "model"))
        return _shared_from, (os.path.join(self._folder.name, "model"),)


@cache
def _shared_default() -> _Shared:
    return _Shared(_default())


@lru_cache(maxsize=2)
def _shared_from(folder: str) -> _Shared:
    return _Shared(Tagger.load(folder))


def _probability(shared: _Shared, fields: list[tuple[str, ...]]) -> Floats:
    """Work for another process."""
    return shared.tagger._probability(fields)


def _ranked(domains: Iterable[str], probabilities: Mapping[str, float]) -> tuple[str, ...]:
    return tuple(sorted(domains, key=probabilities.__getitem__, reverse=True))


def _checked(texts: Any, what: str) -> Iterator[str]:
    """Pass the texts on, or say which item is none."""
    if isinstance(texts, (str, bytes)) or not isinstance(texts, Iterable):
        raise TypeError(f"{what} must be a text or an iterable of texts, not {_kind(texts)}.")
    for place, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(f"item {place} of {what} is {_kind(text)}, not a text.")
        yield text


def _kind(value: Any) -> str:
    if isinstance(value, (bytes, bytearray)):
        return f"{type(value).__name__} (decode it first)"
    if isinstance(value, float) and value != value:
        return "NaN"
    return "None" if value is None else type(value).__name__
