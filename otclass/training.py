"""From a labelled table to a model folder: training, honest figures, and the model card.

The figures by cross-validation come from the out-of-fold values of `TopicClassifier`. Calibration and
thresholds, which the classifier learns from those values, are learned anew here for each fold from the other
folds (cross-fitting), so that no text has a say in how it is judged itself.
"""

import json
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score

from otclass import modelfile
from otclass.classifier import TopicClassifier, best_threshold
from otclass.curation import LearningCurve, start_from
from otclass.domains import DOMAINS
from otclass.labelled import MIN_POSITIVES, SCOPE, Labelled, LabelledError
from otclass.modelfile import Model
from otclass.scoring import expit
from otclass.tagger import Tagger

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

N_BINS = 15
N_BOOTSTRAPS = 1000
_SEED = 0
_CHUNK = 50  # bootstrap samples held in memory at once
_PLOTTED = 20  # texts in a bin of the calibration plot
_BESIDE = 3  # domains named beside an error


class Estimate(NamedTuple):
    """A figure and its 95% bootstrap interval; None where it is undefined.

    Attributes
    ----------
    value, low, high : float or None
        Between 0 and 1.
    """

    value: float | None
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        if self.value is None or self.low is None or self.high is None:
            return _shown(self.value)
        return f"{self.value:.3f} ({self.low:.2f}-{self.high:.2f})"


@dataclass(frozen=True)
class DomainFigures:
    """How well one domain is tagged.

    Attributes
    ----------
    key : str
    support : int
        Texts that have the domain.
    precision, recall, f1 : Estimate
    average_precision : float or None
        Area under the precision-recall curve; None without positives.
    calibration_error : float
        Expected calibration error [1]_: mean distance of probability and share of positives in 15 bins of
        equal width, weighted by their texts.
    reliability : tuple of (int, float, float)
        Texts, mean probability and share of positives of each bin that holds texts.
    false_positives, false_negatives : mapping of str to int
        What stands beside the errors: true domains of wrong tags, tags of missed texts; "none" for none.

    References
    ----------
    .. [1] C. Guo et al., "On calibration of modern neural networks", ICML 2017, 1321-1330.
    """

    key: str
    support: int
    precision: Estimate
    recall: Estimate
    f1: Estimate
    average_precision: float | None
    calibration_error: float
    reliability: tuple[tuple[int, float, float], ...]
    false_positives: Mapping[str, int]
    false_negatives: Mapping[str, int]


@dataclass(frozen=True)
class Evaluation:
    """How well texts are tagged; printed, it is a table.

    Attributes
    ----------
    texts : int
    domains : tuple of DomainFigures
    macro_f1, micro_f1 : Estimate
        Over the domains; macro-F1 leaves out domains without positives.
    exact_match : Estimate
        Share of the texts that get exactly their domains.
    none : int
        Texts without a domain.
    none_tagged : Estimate
        Share of those that get any tag.
    scope : DomainFigures or None
        Of the scope, which is no tag and has no part in the figures above.
    """

    texts: int
    domains: tuple[DomainFigures, ...]
    macro_f1: Estimate
    micro_f1: Estimate
    exact_match: Estimate
    none: int
    none_tagged: Estimate
    scope: DomainFigures | None = None

    def to_dict(self) -> dict[str, Any]:
        """Give all figures as plain values for JSON, rounded to four digits."""
        rounded: dict[str, Any] = _rounded(asdict(self))
        return rounded

    def to_json(self) -> str:
        """Give all figures as JSON."""
        return json.dumps(self.to_dict(), indent=1)

    def __str__(self) -> str:
        rows = self._rows()
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(
                cell.rjust(width) if at else cell.ljust(width)
                for at, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
            for row in rows
        ]
        return "\n".join([*lines, "", *(f"{name}: {value}" for name, value in self._totals())])

    def markdown(self) -> str:
        """Give the table as Markdown."""
        totals = "\n".join(f"- {name}: **{value}**" for name, value in self._totals())
        return f"{_markdown(self._rows())}\n\n{totals}"

    def _rows(self) -> list[list[str]]:
        rows = [["domain", "precision", "recall", "F1", "AP", "ECE", "support"]]
        for its in (*self.domains, *([self.scope] if self.scope else [])):
            key = f"({its.key})" if its is self.scope else its.key
            figures = [str(its.precision), str(its.recall), str(its.f1), _shown(its.average_precision)]
            rows.append([key, *figures, _shown(its.calibration_error), f"{its.support:,}"])
        return rows

    def _totals(self) -> list[tuple[str, str]]:
        return [
            ("macro-F1", str(self.macro_f1)),
            ("micro-F1", str(self.micro_f1)),
            ("exactly the right domains", f"{self.exact_match} of {self.texts:,} texts"),
            ("any tag although no domain applies", f"{self.none_tagged} of {self.none:,} texts"),
        ]


@dataclass(frozen=True)
class Trained:
    """What `train` gives.

    Attributes
    ----------
    model : Model
    cross_validation : Evaluation
        Of the texts judged, each by models, calibration and thresholds that had not seen it.
    by_file : mapping of str to Evaluation
        The same of each file by itself, those included that only train.
    data : Labelled
    judged : tuple of str
        Files whose texts the figures count.
    notes : tuple of str
        What was noticed, for the user.
    """

    model: Model
    cross_validation: Evaluation
    by_file: Mapping[str, Evaluation]
    data: Labelled
    judged: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class CardText:
    """What a model card says beyond its figures, as Markdown.

    Attributes
    ----------
    title : str
    purpose : str
        What the model is for, and not for.
    training_data : str
        What it was trained on, and how that was labelled.
    failures : str
        Where it is known to fail.
    test : str
        What the test set is.
    """

    title: str = "A model of otclass"
    purpose: str = (
        "For: suggesting the domains below for titles and abstracts like those that it was trained on, to "
        "sort, search and screen literature, with a person to check what matters.\n\n"
        "Not for: deciding alone what a review includes or leaves out; texts of another field, kind or "
        "language; judging people, or giving medical advice."
    )
    training_data: str = (
        "The labels are those of the table that it was trained on; how they came about is known to whoever "
        "made it, and their errors are the model's."
    )
    failures: str = (
        "- The model weighs words, pairs of neighbours and pairs of key words in a sentence. It does not "
        "understand negation, irony or an argument that runs over several sentences.\n"
        "- A domain that a text names in one clause among much else is easily missed; words of a domain used "
        "in passing are easily taken for it.\n"
        "- Rare domains are learned from few texts: see the width of their intervals."
    )
    test: str = "Texts that had no part in training."


def train(
    data: Labelled,
    *,
    judged: Sequence[str] | None = None,
    progress: Callable[[str], None] | None = None,
    **parameters: Any,
) -> Trained:
    """Train a model and measure it by cross-validation.

    Parameters
    ----------
    data : Labelled
        From `read_labelled`. Where every text has a scope, the scope is learned too.
    judged : sequence of str, optional
        Names of the files whose texts the figures count; others, such as invented texts, only train. By
        default all.
    progress : callable, optional
        Told in a few words what is being done.
    **parameters
        Of `TopicClassifier`, such as ``n_jobs``.

    Returns
    -------
    Trained

    Raises
    ------
    LabelledError
        If a label cannot be learned, or no text is judged.
    """
    say = progress or _quiet
    data.check_trainable()
    judged = _judged(data, judged)
    learns_scope, notes = _scope(data)
    labels = (*data.labels, SCOPE) if learns_scope else data.labels
    truth = _truth(data, labels)
    weight = np.array(data.weights)
    classifier = TopicClassifier(labels=labels, **parameters)
    say(f"fitting {classifier.cv} folds and the whole of {len(data):,} texts")
    classifier.fit(data.texts, truth, sample_weight=weight)
    say("judging by cross-validation")
    probability, tags = cross_fit(classifier, truth, weight)
    parameters = {
        name: value
        for name, value in sorted(classifier.get_params().items())
        if name not in ("labels", "n_jobs")
    }
    model = replace(
        classifier.model_, scope=SCOPE if learns_scope else "", training={"parameters": parameters}
    )
    return _measured(_Fitted(model, labels, probability, tags), data, judged, notes)


def train_from(
    start: Model,
    data: Labelled,
    *,
    judged: Sequence[str] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Trained:
    """Train on top of a model, as `otclass.curation.start_from`, and measure the result by cross-validation.

    Parameters
    ----------
    start : Model
        Must not have been trained on texts of `data`, or the figures flatter.
    data : Labelled
        From `read_labelled`. Domains of the start without a text that has them, or without one that has them
        not, stay as they are.
    judged : sequence of str, optional
        As in `train`.
    progress : callable, optional
        Told in a few words what is being done.

    Returns
    -------
    Trained
        Its figures are of the labels in `data`.

    Raises
    ------
    LabelledError
        As `start_from`, or if no text is judged.
    """
    judged = _judged(data, judged)
    (progress or _quiet)(f"fitting the folds and the whole of {len(data):,} texts on top of the model")
    started = start_from(start, data)
    learns_scope = bool(start.scope) and SCOPE not in started.untouched
    labels = (*data.labels, SCOPE) if learns_scope else data.labels
    columns = [started.model.labels.index(label) for label in labels]
    notes = ["The figures flatter if the model to start from was trained on some of these texts."]
    if started.untouched:
        notes.append(
            f"Stayed as in the model to start from, as either no text or every text has it: "
            f"{', '.join(started.untouched)}."
        )
    probability = expit(started.cv_decision[:, columns])
    fitted = _Fitted(started.model, labels, probability, started.cv_tags[:, columns])
    return _measured(fitted, data, judged, notes)


class _Fitted(NamedTuple):
    """A model, and what its kind says of the texts it is judged by, in the order of `labels`."""

    model: Model
    labels: tuple[str, ...]
    probability: Floats
    tags: Bools


def _judged(data: Labelled, judged: Sequence[str] | None) -> tuple[str, ...]:
    """The files whose texts the figures count."""
    files = tuple(dict.fromkeys(row.file for row in data.rows))
    found = files if judged is None else tuple(file for file in files if file in judged)
    if not found:
        raise LabelledError(f"No text is left to judge by; the files are {', '.join(files)}.")
    return found


def _measured(fitted: _Fitted, data: Labelled, judged: tuple[str, ...], notes: Sequence[str]) -> Trained:
    truth = _truth(data, fitted.labels)
    file_of = np.array([row.file for row in data.rows])

    def judge(rows: Bools) -> Evaluation:
        return _evaluation(data.labels, truth[rows], fitted.tags[rows], fitted.probability[rows])

    evaluation = judge(np.isin(file_of, judged))
    training = {
        "texts": len(data),
        "files": dict(Counter(row.file for row in data.rows)),
        "positives": dict(zip(fitted.labels, truth.sum(axis=0).tolist(), strict=True)),
        **fitted.model.training,
        "judged": list(judged),
        "cross_validation": evaluation.to_dict(),
    }
    return Trained(
        model=replace(fitted.model, training=training),
        cross_validation=evaluation,
        by_file={file: judge(file_of == file) for file in training["files"]},
        data=data,
        judged=judged,
        notes=(*data.notes, *notes),
    )


def evaluate(tagger: Tagger, data: Labelled) -> Evaluation:
    """Measure a model on labelled texts that it was not trained on.

    Parameters
    ----------
    tagger : Tagger
    data : Labelled
        Its labels, of which the model must know each, are those that are measured: read it with
        ``labels=tagger.domains`` to measure all.

    Returns
    -------
    Evaluation

    Raises
    ------
    LabelledError
        If the model does not know a label.
    """
    unknown = [label for label in data.labels if label not in tagger.domains]
    if unknown:
        raise LabelledError(
            f"The model does not know the label {unknown[0]!r}; it knows {', '.join(tagger.domains)}."
        )
    labels = tuple(domain for domain in tagger.domains if domain in data.labels)
    with_scope = bool(tagger.model.scope) and None not in data.scope
    columns = [tagger.model.labels.index(label) for label in labels]
    if with_scope:
        columns.append(tagger.model.labels.index(tagger.model.scope))
    probability = tagger.probabilities(data.texts)[:, columns]
    tags = probability >= tagger.model.thresholds[columns]
    truth = _truth(data, (*labels, SCOPE) if with_scope else labels)
    return _evaluation(labels, truth, tags, probability)


def save(
    trained: Trained,
    folder: str | os.PathLike[str],
    *,
    force: bool = False,
    text: CardText | None = None,
    test: Evaluation | None = None,
    curve: LearningCurve | None = None,
    files: Mapping[str, bytes] | None = None,
) -> None:
    """Write a model folder with its card, whole or not at all.

    Parameters
    ----------
    trained : Trained
    folder : path
    force : bool, default False
        Whether to replace a folder that exists.
    text : CardText, optional
        What the card says beyond the figures.
    test : Evaluation, optional
        Of a test set, for the card.
    curve : LearningCurve, optional
        Of the same texts, for the card.
    files : mapping of str to bytes, optional
        Further files for people, by name.

    Raises
    ------
    FileExistsError
        As `modelfile.save`.
    """
    card = {
        "README.md": _card(trained, text or CardText(), test, curve).encode(),
        "calibration.png": _calibration_plot(trained.cross_validation, test),
    }
    if curve is not None:
        card["learning-curve.png"] = _curve_plot(curve)
    modelfile.save(trained.model, folder, card=card | dict(files or {}), force=force)


def cross_fit(classifier: TopicClassifier, truth: NDArray[np.int8], weight: Floats) -> tuple[Floats, Bools]:
    """Calibrate and tag each text that a classifier was fitted on by what the other folds teach.

    The classifier's own calibration is linear in the values of all labels, so to fit it again on its result
    is to fit it on the values before it.

    Parameters
    ----------
    classifier : TopicClassifier
        Fitted.
    truth : ndarray of 0 and 1, shape (n_texts, n_labels)
    weight : ndarray of float, shape (n_texts,)
        Both as it was fitted with.

    Returns
    -------
    probability : ndarray of float, shape (n_texts, n_labels)
    tags : ndarray of bool, shape (n_texts, n_labels)
        Whether a probability reaches the threshold of the other folds.
    """
    decision, folds = classifier.cv_decision_, classifier.cv_folds_
    probability = np.empty(decision.shape)
    tags = np.empty(decision.shape, dtype=bool)
    for fold in range(classifier.cv):
        inside, outside = folds != fold, folds == fold
        for j, positive in enumerate(truth.T):
            if positive[inside].min() == positive[inside].max():  # a few positives, all in this fold
                probability[outside, j] = expit(decision[outside, j])
                tags[outside, j] = probability[outside, j] >= classifier.thresholds_[j]
                continue
            logistic = LogisticRegression(C=1.0, max_iter=1000)
            logistic.fit(decision[inside], positive[inside], sample_weight=weight[inside])
            fitted = logistic.predict_proba(decision)[:, 1]
            cut = best_threshold(
                positive[inside], fitted[inside], weight[inside], seed=classifier.random_state
            )
            probability[outside, j] = fitted[outside]
            tags[outside, j] = fitted[outside] >= cut
    return probability, tags


def _quiet(_: str) -> None:
    pass


def _scope(data: Labelled) -> tuple[bool, list[str]]:
    """Whether the scope can be learned, and what to tell the user if not."""
    unknown = data.scope.count(None)
    if unknown == len(data):
        return False, []
    if unknown:
        return False, [f"The scope was not learned, as {unknown:,} of {len(data):,} texts have none."]
    inside = data.scope.count(True)
    if min(inside, len(data) - inside) < MIN_POSITIVES:
        return False, [
            f"The scope was not learned, as {inside:,} of {len(data):,} texts are in it: it needs "
            f"{MIN_POSITIVES} inside and {MIN_POSITIVES} outside."
        ]
    return True, []


def _truth(data: Labelled, labels: Sequence[str]) -> NDArray[np.int8]:
    return np.array(
        [
            [inside if label == SCOPE and label not in data.labels else label in its for label in labels]
            for its, inside in zip(data.domains, data.scope, strict=True)
        ],
        dtype=np.int8,
    )


def _evaluation(
    labels: Sequence[str], truth: NDArray[np.int8], tags: Bools, probability: Floats
) -> Evaluation:
    """Figures of the columns in `labels`, and of the scope if there is one more column."""
    positive = truth.astype(bool)
    n = len(labels)
    samples = _samples(positive, tags, n)
    names = (*labels, SCOPE)
    figures = [
        DomainFigures(
            key=names[j],
            support=int(positive[:, j].sum()),
            precision=_estimate(samples.precision[:, j]),
            recall=_estimate(samples.recall[:, j]),
            f1=_estimate(samples.f1[:, j]),
            average_precision=(
                float(average_precision_score(positive[:, j], probability[:, j]))
                if positive[:, j].any()
                else None
            ),
            **_calibration(positive[:, j], probability[:, j]),
            false_positives=_beside(labels, positive[tags[:, j] & ~positive[:, j], :n]),
            false_negatives=_beside(labels, tags[positive[:, j] & ~tags[:, j], :n]),
        )
        for j in range(positive.shape[1])
    ]
    return Evaluation(
        texts=len(truth),
        domains=tuple(figures[:n]),
        macro_f1=_estimate(samples.macro_f1),
        micro_f1=_estimate(samples.micro_f1),
        exact_match=_estimate(samples.exact_match),
        none=int((~positive[:, :n].any(axis=1)).sum()),
        none_tagged=_estimate(samples.none_tagged),
        scope=figures[n] if len(figures) > n else None,
    )


class _Samples(NamedTuple):
    """Figures of the texts (row 0) and of bootstrap samples of them; NaN where undefined."""

    precision: Floats
    recall: Floats
    f1: Floats
    macro_f1: Floats
    micro_f1: Floats
    exact_match: Floats
    none_tagged: Floats


def _samples(positive: Bools, tags: Bools, n: int) -> _Samples:
    none = ~positive[:, :n].any(axis=1)
    counted = np.column_stack(
        [
            positive & tags,
            positive,
            tags,
            (positive[:, :n] == tags[:, :n]).all(axis=1),
            none,
            none & tags[:, :n].any(axis=1),
        ]
    ).astype(np.float64)
    texts = len(positive)
    rng = np.random.default_rng(_SEED)
    parts = [counted.sum(axis=0, keepdims=True)]
    for _ in range(0, N_BOOTSTRAPS, _CHUNK):
        parts.append(rng.multinomial(texts, np.full(texts, 1 / texts), size=_CHUNK) @ counted)
    counts = np.concatenate(parts)
    width = positive.shape[1]
    right, has, given = (counts[:, at * width : (at + 1) * width] for at in range(3))
    exact, nones, tagged_nones = counts[:, 3 * width :].T
    f1 = np.where(has > 0, _ratio(2 * right, has + given), np.nan)
    known = ~np.isnan(f1[:, :n])
    return _Samples(
        precision=_ratio(right, given),
        recall=_ratio(right, has),
        f1=f1,
        macro_f1=_ratio(np.where(known, f1[:, :n], 0).sum(axis=1), known.sum(axis=1)),
        micro_f1=_ratio(2 * right[:, :n].sum(axis=1), has[:, :n].sum(axis=1) + given[:, :n].sum(axis=1)),
        exact_match=exact / texts,
        none_tagged=_ratio(tagged_nones, nones),
    )


def _ratio(part: NDArray[Any], whole: NDArray[Any]) -> Floats:
    ratio: Floats = np.divide(part, whole, out=np.full(np.shape(part), np.nan), where=whole > 0)
    return ratio


def _estimate(samples: Floats) -> Estimate:
    """The figure of the texts with the 2.5 and 97.5 percentiles of its bootstrap samples."""
    if np.isnan(samples[0]):
        return Estimate(None)
    defined = samples[1:][~np.isnan(samples[1:])]
    low, high = np.quantile(defined, [0.025, 0.975]).tolist()
    return Estimate(float(samples[0]), low, high)


def _calibration(positive: Bools, probability: Floats) -> dict[str, Any]:
    bins = np.minimum((probability * N_BINS).astype(int), N_BINS - 1)
    texts = np.bincount(bins, minlength=N_BINS)
    total = np.bincount(bins, weights=probability, minlength=N_BINS)
    right = np.bincount(bins, weights=positive, minlength=N_BINS)
    return {
        "calibration_error": float(np.abs(total - right).sum() / len(positive)),
        "reliability": tuple(
            (int(texts[b]), float(total[b] / texts[b]), float(right[b] / texts[b]))
            for b in np.flatnonzero(texts)
        ),
    }


def _beside(labels: Sequence[str], rows: Bools) -> dict[str, int]:
    counts = Counter(
        key
        for row in rows
        for key in [label for label, has in zip(labels, row, strict=True) if has] or ["none"]
    )
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


# ---- the card


def _card(trained: Trained, text: CardText, test: Evaluation | None, curve: LearningCurve | None) -> str:
    data, model = trained.data, trained.model
    start = model.training.get("started_from")
    named = {domain.key: domain for domain in DOMAINS}
    domains = [["domain", "about", "texts with it"]]
    positives = model.training["positives"]
    for label in model.labels:
        if label == model.scope:
            about = "Scope: whether a neuropeptide is studied at all. A probability, not a tag."
        else:
            about = named[label].meaning if label in named else ""
        domains.append([label, about, f"{positives[label]:,}" if label in positives else "as in the start"])
    sources = [["file", "texts"], *([name, f"{n:,}"] for name, n in model.training["files"].items())]
    cuts = [["domain", "tagged from", "look yourself between"]]
    for label, cut, (low, high) in zip(model.labels, model.thresholds, model.review, strict=True):
        if label != model.scope:
            cuts.append([label, f"{cut:.2f}", f"{low:.2f} and {high:.2f}" if low <= high else "nowhere"])
    only_train = [file for file in trained.by_file if file not in trained.judged]
    sections = [
        ("What it is for, and not for", text.purpose),
        ("Domains", _markdown(domains)),
        (
            "Training data",
            f"{text.training_data}\n\nIt learned from {len(data):,} texts"
            + (f", on top of a model that had learned from {start.get('texts', 0):,} others" if start else "")
            + f":\n\n{_markdown(sources)}",
        ),
        (
            "How well it does",
            "AP is the average precision, ECE the expected calibration error in 15 bins of equal width; in "
            "brackets 95% intervals from 1,000 bootstrap samples of the texts. Macro-F1 is the mean over the "
            "domains, micro-F1 counts every tag alike.",
        ),
    ]
    if test is not None:
        sections.append(("On the test set", f"{text.test}\n\n{test.markdown()}"))
    judged = f"the {trained.cross_validation.texts:,} texts of {', '.join(trained.judged)}"
    sections.append(
        (
            "By cross-validation",
            f"Over {judged}"
            + (f" ({', '.join(only_train)} only trained)" if only_train else "")
            + f". {model.training['parameters']['cv']} folds; each text was scored by a model that had not "
            "seen it, with calibration and thresholds chosen on the other folds."
            + (" They flatter if the start had seen some of the texts." if start else "")
            + "\n\n"
            + trained.cross_validation.markdown(),
        )
    )
    if len(trained.by_file) > 1:
        files = [["file", "texts", "macro-F1", "micro-F1", "tagged although none applies"]]
        for file, its in trained.by_file.items():
            figures = [str(its.macro_f1), str(its.micro_f1), str(its.none_tagged)]
            files.append([file, f"{its.texts:,}", *figures])
        sections.append(
            (
                "By file, by cross-validation",
                "Macro-F1 weighs a domain of which a file has two texts like one of which it has hundreds: "
                f"see the intervals.\n\n{_markdown(files)}",
            )
        )
    if curve is not None:
        sections.append(
            (
                "Whether more labels would pay",
                f"{curve.advice}\n\n![F1 against the number of labelled texts](learning-curve.png)\n\nF1 by "
                "cross-validation among so many texts, on the average of several draws of the smaller sizes.",
            )
        )
    sections += [
        (
            "Thresholds and the band for review",
            "A domain is given from the probability at which F1 is best by cross-validation. Below the band "
            "of review lie at most 5% of a domain's texts; above it at least 95% of the tags are right."
            + (" What few texts ask for is brought nearer to what the start had." if start else "")
            + f"\n\n{_markdown(cuts)}",
        ),
        (
            "Calibration",
            "![Share of positives against probability, a panel a domain](calibration.png)\n\nShare of texts "
            "that have the domain against the mean probability given, in the bins of the calibration error "
            f"that hold {_PLOTTED} texts or more. On the dashed line a probability means what it says.",
        ),
        (
            "Known failures",
            f"{text.failures}\n\nErrors by cross-validation, and what stands beside them:\n\n"
            + _markdown(_errors(trained.cross_validation)),
        ),
        (
            "How to use it",
            "```python\nfrom otclass import Tagger\n\n"
            'tagger = Tagger.load("path/to/this-folder")\n'
            'tagger.tag("title and abstract")  # domains, most probable first\n```\n\n'
            "```sh\notclass tag --model path/to/this-folder abstracts.csv -o tagged.csv\n```\n\n"
            "The folder holds numbers and text only; nothing in it is executed when it is opened.",
        ),
    ]
    parts = [f"## {heading}\n\n{body}\n" for heading, body in sections]
    return f"# {text.title}\n\n" + "\n".join(parts)


def _errors(evaluation: Evaluation) -> list[list[str]]:
    def top(beside: Mapping[str, int]) -> str:
        return ", ".join(f"{key} {count:,}" for key, count in list(beside.items())[:_BESIDE])

    rows = [["domain", "wrong tags: true domains of these texts", "missed: tags of these texts"]]
    rows += [[its.key, top(its.false_positives), top(its.false_negatives)] for its in evaluation.domains]
    return rows


def _calibration_plot(cross_validation: Evaluation, test: Evaluation | None) -> bytes:
    """PNG of the reliability of each domain's probabilities."""
    import matplotlib.style
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names = {domain.key: domain.name for domain in DOMAINS}
    kinds = [("by cross-validation", cross_validation, "o-")]
    if test is not None:
        kinds.append(("on the test set", test, "s:"))
    n_columns = min(4, len(cross_validation.domains))
    n_rows = -(-len(cross_validation.domains) // n_columns)
    with matplotlib.style.context("default"):
        figure = Figure(figsize=(2.6 * n_columns, 2.7 * n_rows + 0.4), dpi=80, layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False).ravel()
        for panel in panels[len(cross_validation.domains) :]:
            panel.set_axis_off()
        for panel, its in zip(panels, cross_validation.domains, strict=False):
            panel.plot([0, 1], [0, 1], color="0.6", linestyle="--", linewidth=1)
            panel.set_title(names.get(its.key, its.key), fontsize=10)
            panel.set(xlim=(0, 1), ylim=(0, 1), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1), aspect="equal")
        for name, evaluation, style in kinds:
            figures = {its.key: its for its in evaluation.domains}
            for panel, its in zip(panels, cross_validation.domains, strict=False):
                bins = figures[its.key].reliability if its.key in figures else ()
                shown = [(mean, share) for texts, mean, share in bins if texts >= _PLOTTED]
                panel.plot(*np.array(shown).reshape(-1, 2).T, style, markersize=4, linewidth=1, label=name)
        figure.supxlabel("probability", fontsize=10)
        figure.supylabel("share of texts with the domain", fontsize=10)
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=2, fontsize=9)
        return _png(figure)


def _curve_plot(curve: LearningCurve) -> bytes:
    """PNG of F1 against the number of labelled texts, and where twice as many would lead."""
    import matplotlib.style
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names = {domain.key: domain.name for domain in DOMAINS}
    twice = (curve.sizes[-1], 2 * curve.sizes[-1])
    with matplotlib.style.context("default"):
        figure = Figure(figsize=(6.4, 4), dpi=80, layout="constrained")
        FigureCanvasAgg(figure)
        panel = figure.subplots()
        for label, values in curve.f1.items():
            panel.plot(curve.sizes, values, linewidth=1, label=names.get(label, label))
        panel.plot(curve.sizes, curve.macro_f1, "o-", color="black", linewidth=2, label="macro-F1")
        panel.plot(twice, (curve.macro_f1[-1], curve.doubled), "o:", color="black", label="expected")
        panel.set_xscale("log", base=2)
        panel.set_xticks([*curve.sizes, twice[1]], [f"{size:,}" for size in (*curve.sizes, twice[1])])
        panel.set(ylim=(0, 1), xlabel="labelled texts", ylabel="F1")
        figure.legend(loc="outside right upper", fontsize=9, frameon=False)
        return _png(figure)


def _png(figure: "Figure") -> bytes:
    """The same bytes for the same figure each time."""
    stream = BytesIO()
    figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    lines.insert(1, "|" + "---|" * len(rows[0]))
    return "\n".join(lines)


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, Mapping):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return _rounded(value._asdict())
    if isinstance(value, (list, tuple)):
        return [_rounded(item) for item in value]
    return value
