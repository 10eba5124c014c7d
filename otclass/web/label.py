"""The curator's loop: what to label next, how model and curator agree, what is still missed, retraining."""

import contextlib
import json
import multiprocessing
import os
import tempfile
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np

from otclass import modelfile
from otclass.cleaning import clean
from otclass.curation import start_from, suggest
from otclass.labelled import LabelledError, read_labelled
from otclass.records import Record
from otclass.tagger import Tagger
from otclass.web.labels import Label, LabelledFile, key_of, text_of

RANDOM_EVERY = 5
"""One record in so many is drawn at random, for the estimate of what is missed."""
RETRAIN_EVERY = 10
"""Labels after which the model is trained anew."""
BLOCK = 20
"""Labels over which agreement is taken."""
_SUGGESTED = 50  # several times as many as are labelled until the next suggestions


@dataclass(frozen=True)
class Agreement:
    """How far model and curator agree on consecutive labels, judged before the model was told.

    Attributes
    ----------
    first, last : int
        Labels, counted from 1.
    exact : float
        Share of the texts with exactly the same domains.
    kappa : float or None
        Cohen's kappa over all decisions, a domain and text each; None where both always say the same thing.
    shown : int
        Texts whose curator saw the model's guess, which raises agreement.
    """

    first: int
    last: int
    exact: float
    kappa: float | None
    shown: int


@dataclass(frozen=True)
class Missed:
    """What is left to find of one domain.

    Attributes
    ----------
    domain : str
    found : int
        Records of the pool labelled with it.
    sampled : int
        Records of the random sample that have it.
    low, high : int
        95% interval of the records that have it and are not labelled yet.
    unseen : int
        Of `sampled`, those that the model had not tagged before it was told.
    """

    domain: str
    found: int
    sampled: int
    low: int
    high: int
    unseen: int


class Curator:
    """A pool of records, the labelled CSV, and the model that learns from it.

    Parameters
    ----------
    tagger : Tagger
        The model to start from.
    pool : iterable of Record
        Records to label; those without text are left out, equal texts are one.
    file : LabelledFile

    Attributes
    ----------
    records : dict of str to Record
        By key.
    tagger : Tagger
        The model in use.
    state : str
        What became of the last retraining, for people.
    """

    def __init__(self, tagger: Tagger, pool: Iterable[Record], file: LabelledFile) -> None:
        self.file, self.start, self.tagger = file, tagger, tagger
        self.records = {key_of(text): record for record in pool if (text := text_of(record))}
        self.state = f"The model is trained anew after every {RETRAIN_EVERY} labels."
        # Keys are digests of the texts: their order has nothing to do with what the texts say.
        self._at_random = sorted(self.records)
        self._order = self._suggested(tagger)
        self._skipped: set[str] = set()
        self._trained_at = len(file.labels())
        self._training: threading.Thread | None = None
        self._process: Any = None
        self._closed = False
        self._lock = threading.Lock()

    def labelled(self) -> dict[str, Label]:
        """Give the labels of the pool's records, in the order in which they stand in the file."""
        return {key: label for key, label in self.file.labels().items() if key in self.records}

    def next(self) -> str | None:
        """Give the key of the record to label next, skipped ones last; None when all are labelled."""
        labelled = self.labelled()
        at_random = len(labelled) % RANDOM_EVERY == RANDOM_EVERY - 1
        left = [key for key in (self._at_random if at_random else self._order) if key not in labelled]
        return next((key for key in left if key not in self._skipped), left[0] if left else None)

    def skip(self, key: str) -> None:
        """Put a record off until the others are labelled or the server starts anew."""
        self._skipped.add(key)

    def previous(self, key: str) -> str | None:
        """Give the key of the record labelled before this one, or last if this one has no label."""
        labelled = list(self.labelled())
        place = labelled.index(key) if key in labelled else len(labelled)
        return labelled[place - 1] if place else None

    def agreement(self) -> list[Agreement]:
        """Give agreement over time, a block of `BLOCK` labels each."""
        judged = [label for label in self.labelled().values() if label.guess is not None]
        return [
            _agreement(judged[start : start + BLOCK], start + 1, self.start.domains)
            for start in range(0, len(judged), BLOCK)
        ]

    def missed(self) -> tuple[int, list[Missed]]:
        """Estimate what is left to find.

        The pool has a random order, fixed beforehand. One record in `RANDOM_EVERY` is labelled in that
        order, so that the labelled records at its beginning are a simple random sample of the pool, whatever
        the others were chosen for. The share of a domain in the sample, with its exact (Clopper-Pearson)
        interval, gives how many the pool holds; less those found, that is what is left.

        Returns
        -------
        int
            Size of the random sample.
        list of Missed
            One a domain; empty without a sample.
        """
        labelled = self.labelled()
        sample = [labelled[key] for key in takewhile(labelled.__contains__, self._at_random)]
        if not sample:
            return 0, []
        return len(sample), [self._missed(domain, sample, labelled) for domain in self.start.domains]

    def _missed(self, domain: str, sample: Sequence[Label], labelled: Mapping[str, Label]) -> Missed:
        from scipy.stats import binomtest

        positive = [label for label in sample if domain in label.domains]
        found = sum(domain in label.domains for label in labelled.values())
        share = binomtest(len(positive), len(sample)).proportion_ci(0.95, method="exact")
        left = len(self.records) - len(labelled)
        low, high = (round(bound * len(self.records)) - found for bound in (share.low, share.high))
        return Missed(
            domain=domain,
            found=found,
            sampled=len(positive),
            low=min(max(low, 0), left),
            high=min(max(high, 0), left),
            unseen=sum(label.guess is not None and domain not in label.guess for label in positive),
        )

    def save(self, key: str, domains: Sequence[str], version: str, *, guess_shown: bool) -> None:
        """Save a label and, when it is time, begin to train anew in the background.

        Raises
        ------
        ConflictError, LabelledError
            As `LabelledFile.save`.
        """
        record, label = self.records[key], self.file.labels().get(key)
        # The page has no box for a domain of the lab's own that the model does not know; its label stays.
        others = sorted(label.domains - set(self.start.domains)) if label else []
        guess = self.tagger.tag(title=record.title, abstract=record.abstract)
        self.file.save(record, [*domains, *others], version=version, guess=guess, guess_shown=guess_shown)
        with self._lock:
            idle = self._training is None or not self._training.is_alive()
            if idle and len(self.file.labels()) >= self._trained_at + RETRAIN_EVERY:
                self._trained_at = len(self.file.labels())
                self._training = threading.Thread(target=self._retrain, daemon=True)
                self._training.start()

    def close(self) -> None:
        """Stop training."""
        with self._lock:
            self._closed = True
            if self._process is not None:
                self._process.terminate()
        if self._training is not None:
            self._training.join()

    def _suggested(self, tagger: Tagger) -> list[str]:
        """The keys of all records: what teaches most first, the rest at random."""
        labelled = self.file.labels()
        pool = [record for key, record in self.records.items() if key not in labelled]
        try:
            known = read_labelled(self.file.path, labels=tagger.domains) if labelled else None
        except LabelledError:  # training says why
            known = None
        chosen = suggest(pool, known, _SUGGESTED, tagger).records
        first = dict.fromkeys(key_of(text_of(suggestion.record)) for suggestion in chosen)
        return list(first | dict.fromkeys(self._at_random))

    def _retrain(self) -> None:
        self.state = "The model is being trained anew …"
        with tempfile.TemporaryDirectory(prefix="otclass-") as folder:
            modelfile.save(self.start.model, Path(folder, "start"))
            # A process of its own keeps the pages quick; it ends with its work even if this one is killed.
            process = multiprocessing.get_context("spawn").Process(
                target=_train, args=(self.file.path, folder), daemon=True
            )
            with self._lock:
                if self._closed:
                    return
                process.start()
                self._process = process
            process.join()
            with self._lock:
                self._process = None
            try:
                result = json.loads(Path(folder, "result.json").read_text(encoding="utf-8"))
            except FileNotFoundError:
                self.state = "Training ended without a result; the server's log says why."
                return
            tagger = Tagger.load(Path(folder, "model")) if result["better"] else self.start
        self._order, self.tagger = self._suggested(tagger), tagger
        self.state = result["state"]


def _train(path: Path, folder: str) -> None:
    """Work for a process of its own: train, and say whether the result is better than what was there."""
    from threadpoolctl import threadpool_limits

    with contextlib.suppress(AttributeError, OSError):
        os.nice(10)
    start = Tagger.load(Path(folder, "start"))
    better = False
    try:
        data = read_labelled(path, labels=start.domains)
        # Threads for vectors this short, on cores that serve pages too, cost many times what they save.
        with threadpool_limits(1):
            started = start_from(start.model, data)
        columns = [start.model.labels.index(domain) for domain in start.domains]
        sign = np.array([[1 if domain in its else -1 for domain in start.domains] for its in data.domains])
        # Log loss: even of few labels it tells a better model from a worse one, which F1 does not.
        before, after = (
            float(np.logaddexp(0.0, -sign * log_odds[:, columns]).mean())
            for log_odds in (start.model.score(map(clean, data.texts)), started.cv_decision)
        )
        better = after < before
        state = (
            f"Trained on {len(data):,} labels. On labels held out the log loss, lower being better, is "
            f"{after:.3f}, and {before:.3f} without the training: the {'new' if better else 'old'} model is "
            "in use."
        )
        modelfile.save(started.model, Path(folder, "model"))
    except LabelledError as error:
        state = "Not trained anew. " + str(error).replace(str(path), path.name)
    Path(folder, "result.json").write_text(json.dumps({"better": better, "state": state}), encoding="utf-8")


def _agreement(labels: Sequence[Label], first: int, domains: Sequence[str]) -> Agreement:
    said = np.array([[domain in label.domains for domain in domains] for label in labels])
    guessed = np.array([[domain in (label.guess or ()) for domain in domains] for label in labels])
    observed = (said == guessed).mean()
    expected = said.mean() * guessed.mean() + (1 - said.mean()) * (1 - guessed.mean())
    return Agreement(
        first=first,
        last=first + len(labels) - 1,
        exact=float((said == guessed).all(axis=1).mean()),
        kappa=float((observed - expected) / (1 - expected)) if expected < 1 else None,
        shown=sum(label.guess_shown for label in labels),
    )
