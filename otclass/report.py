"""One self-contained HTML file about tagged records, for a lab meeting: opens offline, loads nothing.

What is counted is counted here and stands in the page as plain tables. The browser (``assets/report.js``)
draws the same numbers with Vega-Lite, bundled into the page, and builds the table of abstracts from the
records, which the page holds as compressed JSON. A Content-Security-Policy lets nothing run or load but what
this module wrote.
"""

import base64
import gzip
import hashlib
import html
import json
import math
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from importlib.resources import files
from itertools import combinations, cycle
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from otclass.cleaning import clean_fields
from otclass.domains import DOMAINS
from otclass.evidence import COLORS, Explanation, explain
from otclass.modelfile import Model
from otclass.records.record import Record, RecordError
from otclass.records.write import Tags
from otclass.scoring import weigh

if TYPE_CHECKING:
    from otclass.tagger import Tagger

_MARKED_TERMS = 8
_FIRST_TO_READ = 10
_WINDOW = 5
_FEWEST = 20
"""Abstracts that a pair of domains must have over the two spans compared, to be worth a percentage."""
_COMPONENTS = 50
_LANDMARKS = 2_000
_MAP_SIDE = 4_095
_NAMES = {domain.key: domain.name for domain in DOMAINS}


def write_report(
    items: Iterable[tuple[Record, Tags]],
    path: str | os.PathLike[str],
    *,
    title: str = "Abstracts by domain",
    tagger: "Tagger | None" = None,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write a report on tagged records: one HTML file that opens offline.

    It shows how many abstracts each domain has, by year; which domains occur together; where the literature
    grows; which abstracts are uncertain and to be read first; a map of the abstracts; and a table to search,
    sort, filter and download from, with the evidence marked.

    Parameters
    ----------
    items : iterable of (Record, Tags)
        From a tagger, or tagged before (`stored_tags`).
    path : path
        File to write, whole or not at all.
    title : str, default "Abstracts by domain"
    tagger : Tagger, optional
        Whose model gives the evidence and the map; the shipped one by default.
    progress : callable, optional
        Called with the number of records done and of all.

    Raises
    ------
    ValueError
        If there are no records, or tags lack the probability of one of the tagger's domains.
    ImportError
        If the packages of the extra ``otclass[report]`` are not installed.
    OSError
        If the file cannot be written.

    Notes
    -----
    The map places abstracts of similar wording side by side: TF-IDF, its first 50 singular vectors
    (`sklearn.decomposition.TruncatedSVD`), and t-SNE (L. van der Maaten and G. Hinton, "Visualizing data
    using t-SNE", 2008) of 2,000 of them; the others stand between their nearest neighbours among these.
    Distances across the map mean little.
    """
    try:
        import sklearn  # noqa: F401
        import vl_convert
    except ImportError as error:
        raise ImportError("a report needs more packages: pip install 'otclass[report]'.") from error
    target = Path(path)
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{target.parent} is no folder; create it first.")
    if tagger is None:
        from otclass.tagger import Tagger

        tagger = Tagger.default()
    collection = _collect(items, tagger.domains)
    figures = [
        _domain_figure(collection),
        _year_figure(collection),
        _pair_figure(collection),
        _growth_figure(collection, date.today().year),
    ]
    columns = _columns(collection, tagger, progress)
    data = {"figures": {figure.name: asdict(figure) for figure in figures}, **columns}
    script = vl_convert.javascript_bundle("window.vegaEmbed=vegaEmbed;")
    _write_whole(target, _page(collection, title, figures, data, script))


def stored_tags(record: Record, domains: Sequence[str]) -> Tags | None:
    """Give the tags that a record of a file written by `otclass tag` already has.

    Parameters
    ----------
    record : Record
        From a table or JSON Lines.
    domains : sequence of str
        Keys of the domains; the columns ``p_<key>`` of all of them must be there.

    Returns
    -------
    Tags or None
        None if the record was not tagged before.

    Raises
    ------
    RecordError
        If its tags cannot be read: a probability that is none, an unknown key.
    """
    raw = record.raw
    own = raw.get("otclass")
    if isinstance(own, dict):
        raw = {f"p_{key}": value for key, value in (own.get("probabilities") or {}).items()} | own
    if "tags" not in raw or any(f"p_{key}" not in raw for key in domains):
        return None

    def probability(name: str) -> float:
        try:
            value = float(raw[name])
        except (TypeError, ValueError):
            value = -1.0
        if not 0 <= value <= 1:
            raise _damaged(record, name, f"{raw[name]!r} is no probability; give a number from 0 to 1")
        return value

    def keys(name: str) -> tuple[str, ...]:
        value = raw.get(name) or ""
        found = [key.strip() for key in (value.split(";") if isinstance(value, str) else map(str, value))]
        for key in filter(None, found):
            if key not in domains:
                raise _damaged(record, name, f"{key!r} is none of {', '.join(domains)}")
        return tuple(filter(None, found))

    blank = raw.get("neuropeptide") in (None, "")
    return _Stored(
        keys("tags"),
        probabilities={key: probability(f"p_{key}") for key in domains},
        neuropeptide=None if blank else probability("neuropeptide"),
        review=keys("review"),
    )


class _Stored(tuple[str, ...]):
    """Tags read from a file."""

    probabilities: dict[str, float]
    neuropeptide: float | None
    review: tuple[str, ...]

    def __new__(cls, keys: Iterable[str], **attributes: Any) -> "_Stored":
        tags = super().__new__(cls, keys)
        tags.__dict__.update(attributes)
        return tags


def _damaged(record: Record, field: str, message: str) -> RecordError:
    return RecordError(f"{message}.", source=record.source, line=record.source_line, field=field)


# --- Counting -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Collection:
    """Tagged records as arrays.

    Attributes
    ----------
    records : list of Record
    tags : list of Tags
    domains : tuple of str
    tagged, review : ndarray of bool, shape (n_records, n_domains)
    probability : ndarray of float, shape (n_records, n_domains)
    years : ndarray of int, shape (n_records,)
        0 if unknown.
    """

    records: list[Record]
    tags: list[Tags]
    domains: tuple[str, ...]
    tagged: NDArray[np.bool_]
    review: NDArray[np.bool_]
    probability: NDArray[np.float64]
    years: NDArray[np.int64]

    @property
    def names(self) -> list[str]:
        return [_NAMES.get(key, key) for key in self.domains]

    @property
    def doubt(self) -> NDArray[np.float64]:
        """How many of an abstract's judgements are wrong, by the model's own probabilities."""
        expected: NDArray[np.float64] = np.where(self.tagged, 1 - self.probability, self.probability).sum(1)
        return expected


def _collect(items: Iterable[tuple[Record, Tags]], domains: tuple[str, ...]) -> _Collection:
    records: list[Record] = []
    tags: list[Tags] = []
    for record, its_tags in items:
        if lacking := [key for key in domains if key not in its_tags.probabilities]:
            raise ValueError(f"record {len(records) + 1} has no probability of {lacking[0]}; tag it anew.")
        records.append(record)
        tags.append(its_tags)
    if not records:
        raise ValueError("there are no records to report on.")
    return _Collection(
        records,
        tags,
        domains,
        np.array([[key in its_tags for key in domains] for its_tags in map(tuple, tags)]),
        np.array([[key in its_tags.review for key in domains] for its_tags in tags]),
        np.array([[its_tags.probabilities[key] for key in domains] for its_tags in tags]),
        np.array([record.year or 0 for record in records]),
    )


@dataclass(frozen=True)
class _Figure:
    """Numbers as a table, from which the browser draws the charts called `name`."""

    name: str
    title: str
    text: str
    head: Sequence[str]
    rows: Sequence[Sequence[str | int]]


def _domain_figure(collection: _Collection) -> _Figure:
    tagged, review = collection.tagged, collection.review
    given, unsure, close = tagged.sum(0), (tagged & review).sum(0), (~tagged & review).sum(0)
    shares = [f"{share:.0%}" for share in given / len(tagged)]
    return _Figure(
        "domains",
        "Abstracts by domain",
        "An abstract may have several domains, or none. The pale part is uncertain: a person should look.",
        ("Domain", "Abstracts", "Of them uncertain", "Not given, but close", "Share of all"),
        list(zip(collection.names, given.tolist(), unsure.tolist(), close.tolist(), shares, strict=True)),
    )


def _year_figure(collection: _Collection) -> _Figure:
    rows = []
    for year, total in sorted(Counter(collection.years.tolist()).items()):
        counts = collection.tagged[collection.years == year].sum(0).tolist()
        rows.append((str(year or "unknown"), *counts, total))
    return _Figure(
        "years",
        "Abstracts a year",
        "All on the same scale; abstracts without a year are left out.",
        ("Year", *collection.names, "All abstracts"),
        rows,
    )


def _pair_figure(collection: _Collection) -> _Figure:
    given = collection.tagged.astype(np.int64)
    together = (given.T @ given).tolist()
    return _Figure(
        "pairs",
        "Domains that occur together",
        "Abstracts with both domains; the darker, the larger their share of the row's domain.",
        ("Domain", *collection.names),
        [(name, *row) for name, row in zip(collection.names, together, strict=True)],
    )


def _growth_figure(collection: _Collection, this_year: int) -> _Figure:
    """Compare the last years with as many before, without the current year, which is not over."""
    years, names = collection.years, collection.names
    past = years[(years > 0) & (years < this_year)]
    window = min(_WINDOW, int(np.ptp(past) + 1) // 2) if len(past) else 0
    title = "Where the literature grows"
    if not window:
        return _Figure("growth", title, "This needs records of two years before this one.", (), ())
    last = int(past.max())
    spans = [(last - 2 * window, last - window), (last - window, last)]
    in_spans = [(years > start) & (years <= end) for start, end in spans]
    groups: list[tuple[str, NDArray[np.bool_]]] = [
        ("All abstracts", np.ones(len(years), dtype=bool)),
        *zip(names, collection.tagged.T, strict=True),
    ]
    for (one, first), (other, second) in combinations(groups[1:], 2):
        together = first & second
        if (together & (in_spans[0] | in_spans[1])).sum() >= _FEWEST:
            groups.append((f"{one} + {other.lower()}", together))
    counts = [
        (name, int((members & in_spans[0]).sum()), int((members & in_spans[1]).sum()))
        for name, members in groups
    ]
    counts.sort(key=lambda row: row[2] / row[1] if row[1] else math.inf, reverse=True)
    before, now = (f"{start + 1}–{end}" if window > 1 else str(end) for start, end in spans)
    return _Figure(
        "growth",
        title,
        f"Change from {before} to {now}, by domain and by pair of domains (grey) with at least {_FEWEST} "
        "abstracts in these years. What grows more than all abstracts gains ground.",
        ("Group", before, now, "Change"),
        [(name, b, n, f"{n / b - 1:+.0%}" if b else "new" if n else "–") for name, b, n in counts],
    )


# --- Each record --------------------------------------------------------------------------------------------


def _columns(
    collection: _Collection, tagger: "Tagger", progress: Callable[[int, int], None] | None
) -> dict[str, Any]:
    """What the browser knows of the records, a list a field."""
    records, domains = collection.records, collection.domains
    number = {key: place for place, key in enumerate(domains)}
    marks: list[list[int]] = []
    for record, tags in zip(records, collection.tags, strict=True):
        # Of domains that share a word, the most probable comes last and has it.
        shown = sorted({*tags, *tags.review}, key=tags.probabilities.__getitem__)
        fields = (record.title, record.abstract)
        marks.append(
            _marks(explain(tagger.model, fields, tags.probabilities, tagger.thresholds), shown, number)
            if shown
            else []
        )
        if progress:
            progress(len(marks), len(records))
    x, y = np.round(_map(tagger.model, records) * _MAP_SIDE).astype(int).T.tolist()
    return {
        "domains": [
            {"key": key, "name": name, "color": "#{:02x}{:02x}{:02x}".format(*style.rgb), "line": style.line}
            for key, name, style in zip(domains, collection.names, cycle(COLORS), strict=False)
        ],
        "records": {
            "title": [record.title for record in records],
            "abstract": [record.abstract for record in records],
            "authors": ["; ".join(record.authors) for record in records],
            "year": [record.year for record in records],
            "journal": [record.journal for record in records],
            "doi": [record.doi for record in records],
            "pmid": [record.pmid for record in records],
            "keywords": ["; ".join((*record.keywords, *record.mesh)) for record in records],
            "tags": [[number[key] for key in tags] for tags in collection.tags],
            "review": [[number[key] for key in tags.review] for tags in collection.tags],
            # In ten-thousandths.
            "p": np.round(collection.probability * 10_000).astype(int).tolist(),
            "neuropeptide": [
                None if tags.neuropeptide is None else round(tags.neuropeptide * 10_000)
                for tags in collection.tags
            ],
            "doubt": np.round(collection.doubt * 10_000).astype(int).tolist(),
            "marks": marks,
            "x": x,
            "y": y,
        },
    }


def _marks(explanation: Explanation, shown: Sequence[str], number: dict[str, int]) -> list[int]:
    """Where the strongest terms of some domains stand: gap, length, domain; gap, length, domain ...

    In code points of title, line break, abstract; where places overlap, the later of the domains shown wins.
    """
    owner = np.full(len(explanation.source) + 1, -1)
    for key in shown:
        for term in explanation.domains[key].supporting[:_MARKED_TERMS]:
            for spans in term.occurrences:
                for start, end in spans:
                    owner[start:end] = number[key]
    edges = np.flatnonzero(np.diff(owner, prepend=-1))
    found: list[int] = []
    at = 0
    for start, end in zip(edges.tolist(), edges[1:].tolist(), strict=False):
        if owner[start] >= 0:
            found += [start - at, end - start, int(owner[start])]
            at = end
    return found


def _map(model: Model, records: Sequence[Record]) -> NDArray[np.float64]:
    """Place each record on a plane, between 0 and 1; the same records always get the same places."""
    from scipy.sparse import csr_matrix
    from sklearn.decomposition import TruncatedSVD
    from sklearn.manifold import TSNE
    from sklearn.neighbors import KNeighborsRegressor
    from threadpoolctl import threadpool_limits

    counts = model.terms.count_texts(clean_fields([(record.title, record.abstract) for record in records]))
    shape = (len(records), len(model.terms))
    tfidf = csr_matrix((weigh(counts, model.idf), (counts.text, counts.term)), shape=shape)
    if len(records) <= _COMPONENTS:
        left, values, _ = np.linalg.svd(tfidf.toarray(), full_matrices=False)
        places = np.column_stack([left * values, np.zeros(len(records))])[:, :2]
    else:
        # Sums by several threads may differ in the last digit, which t-SNE would blow up.
        with threadpool_limits(1), np.errstate(invalid="ignore"):
            vectors = TruncatedSVD(_COMPONENTS, random_state=0).fit_transform(tfidf)
            chosen = vectors[np.linspace(0, len(records) - 1, min(_LANDMARKS, len(records))).astype(int)]
            # The first singular vector is what all texts share.
            start = chosen[:, 1:3] * 1e-4 / max(1e-9, chosen[:, 1].std())
            perplexity = min(30.0, len(chosen) / 4)
            tsne = TSNE(perplexity=perplexity, init=start.astype(np.float32), max_iter=500, random_state=0)
            neighbours = KNeighborsRegressor(3, weights="distance").fit(chosen, tsne.fit_transform(chosen))
            places = neighbours.predict(vectors)
    low, high = places.min(0), places.max(0)
    scaled: NDArray[np.float64] = (places - low) / np.where(high > low, high - low, 1)
    return scaled


# --- The page -----------------------------------------------------------------------------------------------


def _page(
    collection: _Collection, title: str, figures: Sequence[_Figure], data: dict[str, Any], library: str
) -> bytes:
    assets = files("otclass") / "assets"
    style, script = (
        (assets / name).read_text("utf-8").replace("\r\n", "\n") for name in ("report.css", "report.js")
    )
    packed = gzip.compress(json.dumps(data, separators=(",", ":")).encode("ascii"), mtime=0)
    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'none'; "
        f"style-src {_hash(style)}; script-src {_hash(library)} {_hash(script)}"
    )
    page = Template((assets / "report.html").read_text("utf-8")).substitute(
        policy=html.escape(policy),
        title=html.escape(title),
        style=style,
        library=library,
        script=script,
        data=base64.b64encode(packed).decode("ascii"),
        summary=_summary_html(collection),
        figures="\n".join(map(_figure_html, figures)),
        first=_first_html(collection),
        domains="".join(
            f'<label><input type="checkbox" name="domain" value="{place}"> {html.escape(name)}</label>'
            for place, name in [*enumerate(collection.names), (-1, "No domain")]
        ),
    )
    return page.encode("utf-8", errors="replace")


def _hash(content: str) -> str:
    digest = base64.b64encode(hashlib.sha256(content.encode("utf-8")).digest()).decode("ascii")
    return f"'sha256-{digest}'"


def _summary_html(collection: _Collection) -> str:
    years = collection.years[collection.years > 0]
    span = f"{years.min()}–{years.max()}" if len(years) else "unknown"
    facts = [
        (f"{len(collection.records):,}", "abstracts"),
        (span, "years"),
        (f"{int(collection.tagged.any(1).sum()):,}", "with a domain"),
        (f"{int((collection.tagged.sum(1) > 1).sum()):,}", "with several"),
        (f"{int(collection.review.any(1).sum()):,}", "uncertain"),
    ]
    empty = sum(not record.abstract for record in collection.records)
    if empty:
        facts.append((f"{empty:,}", "judged by title only"))
    return "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for value, name in facts)


def _figure_html(figure: _Figure) -> str:
    name = figure.name
    return (
        f'<section class="figure" aria-labelledby="{name}-title"><h2 id="{name}-title">{figure.title}</h2>'
        f"<p>{html.escape(figure.text)}</p>"
        f'<div class="charts" id="{name}"></div>{_table_html(figure)}</section>'
    )


def _table_html(figure: _Figure) -> str:
    if not figure.rows:
        return ""
    head = "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in figure.head)
    rows = "".join(
        f'<tr><th scope="row">{html.escape(str(first))}</th>'
        + "".join(f"<td>{cell:,}</td>" if isinstance(cell, int) else f"<td>{cell}</td>" for cell in rest)
        + "</tr>"
        for first, *rest in figure.rows
    )
    return (
        f'<details><summary>The numbers as a table</summary><div class="scroll" tabindex="0" role="region" '
        f'aria-label="{figure.title}: table"><table class="numbers"><caption>{figure.title}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></details>"
    )


def _first_html(collection: _Collection) -> str:
    """The abstracts with most judgements in doubt, of those that a person should look at."""
    doubt = np.where(collection.review.any(1), collection.doubt, 0)
    order = [place for place in np.argsort(-doubt, kind="stable")[:_FIRST_TO_READ].tolist() if doubt[place]]
    if not order:
        return "<p>No abstract is uncertain.</p>"
    items = []
    for place in order:
        record, tags = collection.records[place], collection.tags[place]
        reasons = ", ".join(
            f"{_NAMES.get(key, key)} {tags.probabilities[key]:.2f}"
            + ("" if key in tuple(tags) else " (not given)")
            for key in tags.review
        )
        name = record.title or record.abstract[:100] or "(no title)"
        items.append(
            f'<li><button type="button" class="link" data-record="{place}">{html.escape(name)}</button>'
            f"<br><small>{html.escape(reasons)}</small></li>"
        )
    return f"<ol>{''.join(items)}</ol>"


def _write_whole(path: Path, content: bytes) -> None:
    draft = path.with_name(path.name + ".part")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
