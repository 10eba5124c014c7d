"""A model, and its folder on disk: safe to open, readable, independent of library versions.

A model folder holds

- ``config.json``: format and version, labels, intercepts, thresholds, review bands, how it was trained, and
  size and CRC-32 of every file below;
- ``lexicon.txt``: the stems, one a line;
- ``unigrams.npy``, ``bigrams.npy``, ``pairs.npy``: the terms, as stem numbers; ``classes.npy``: which stem
  belongs to which word class;
- ``idf.npy``, ``coef.npy``: the weights, an entry or row a term;
- ``README.md`` and pictures: the model card, for people; not read.

Nothing of it is ever executed: JSON, text and plain arrays, each checked before use.
"""

import json
import os
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from otclass.scoring import Floats, Terms, packed

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = "otclass-model"
VERSION = 2

_LEXICON = "lexicon.txt"
_ARRAYS: dict[str, np.dtype[Any]] = {
    "unigrams.npy": np.dtype("<u4"),
    "bigrams.npy": np.dtype("<u4"),
    "pairs.npy": np.dtype("<u4"),
    "classes.npy": np.dtype("<u4"),
    "idf.npy": np.dtype("<f4"),
    "coef.npy": np.dtype("<f2"),
}
_MAX_FILE = 256 * 1024 * 1024


class ModelError(ValueError):
    """A folder holds no model, or a damaged one."""


@dataclass(frozen=True, eq=False)
class Model:
    """What a classifier has learned.

    Attributes
    ----------
    labels : tuple of str
        In the order of the columns below.
    terms : Terms
    idf : ndarray of float, shape (n_terms,)
        As precise as float32.
    coef : ndarray of float16, shape (n_terms, n_labels)
        Log-odds for a weight of 1.
    intercept : ndarray of float, shape (n_labels,)
    thresholds : ndarray of float, shape (n_labels,)
        Probability from which a text gets the label.
    review : ndarray of float, shape (n_labels, 2)
        Lower and upper end of the band of probabilities in which a person should look.
    scope : str, default ""
        The label, if any, that says whether a text is in the field's scope and is no tag.
    training : mapping
        How the model was trained, for the record; plain JSON values.
    """

    labels: tuple[str, ...]
    terms: Terms
    idf: Floats
    coef: NDArray[np.float16]
    intercept: Floats
    thresholds: Floats
    review: Floats
    scope: str = ""
    training: Mapping[str, Any] = field(default_factory=dict)

    def score(self, texts: Iterable[str]) -> Floats:
        """Give the log-odds of every label for cleaned texts, shape (n_texts, n_labels)."""
        return self.terms.score_texts(texts, self._rows, self.intercept)

    @cached_property
    def _rows(self) -> NDArray[np.void]:
        return packed(self.idf, self.coef)


def save(
    model: Model,
    folder: str | os.PathLike[str],
    *,
    card: Mapping[str, bytes] | None = None,
    force: bool = False,
) -> None:
    """Write a model folder, whole or not at all.

    Parameters
    ----------
    model : Model
    folder : path
        Created, with its parents.
    card : mapping of str to bytes, optional
        Further files for people, by name, such as the model card ``README.md``.
    force : bool, default False
        Whether to replace a folder that exists.

    Raises
    ------
    FileExistsError
        If the folder exists and `force` is not given, or if what exists is no model folder.
    """
    import shutil
    import tempfile
    from pathlib import Path

    folder = Path(folder)
    if folder.exists() and not force:
        raise FileExistsError(
            f"{folder} exists; choose another name, or replace it with --force (force=True)."
        )
    if folder.exists() and not (folder / "config.json").is_file() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} is no model folder, so it is not replaced; choose another name.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _write(model, staging, card or {})
        staging.chmod(0o755)
        if folder.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent))
            folder.rename(old / "model")
            staging.rename(folder)
            shutil.rmtree(old)
        else:
            staging.rename(folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def load(folder: str | os.PathLike[str]) -> Model:
    """Open a model folder.

    Parameters
    ----------
    folder : path

    Returns
    -------
    Model

    Raises
    ------
    ModelError
        If it is no model folder, is damaged or cut short, or was written by a newer version.
    """
    folder = os.fspath(folder)
    config = _config(folder)
    contents = {name: _checked(folder, name, config) for name in (_LEXICON, *_ARRAYS)}
    try:
        stems = contents[_LEXICON].decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise ModelError(
            f"{os.path.join(folder, _LEXICON)} is not UTF-8 text: the model is damaged."
        ) from error
    arrays = {
        name: _array(os.path.join(folder, name), contents[name], dtype) for name, dtype in _ARRAYS.items()
    }
    unigrams, bigrams, pairs, classes, idf, coef = (arrays[name] for name in _ARRAYS)
    try:
        labels = tuple(str(label) for label in config["labels"])
        intercept, thresholds = _numbers(config["intercept"]), _numbers(config["thresholds"])
        review, scope, training = _numbers(config["review"]), str(config["scope"]), dict(config["training"])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"{os.path.join(folder, 'config.json')} lacks or garbles {error}: the model is damaged."
        ) from error
    n_terms, n_labels = len(unigrams) + len(bigrams) + len(pairs), len(labels)
    sound = (
        unigrams.ndim == 1
        and bigrams.shape[1:] == (2,)
        and pairs.shape[1:] == (2,)
        and classes.shape[1:] == (2,)
        and all(not array.size or array.max() < len(stems) for array in (unigrams, bigrams, pairs, classes))
        and idf.shape == (n_terms,)
        and coef.shape == (n_terms, n_labels)
        and intercept.shape == thresholds.shape == (n_labels,)
        and review.shape == (n_labels, 2)
        and scope in (*labels, "")
        and all(np.isfinite(array).all() for array in (idf, coef, intercept, thresholds, review))
    )
    if not sound:
        raise ModelError(
            f"{folder}: its files do not fit together: the model is damaged. Fetch or train it again."
        )
    terms = Terms(stems, *(array.astype(np.int64) for array in (unigrams, bigrams, pairs, classes)))
    return Model(
        labels=labels,
        terms=terms,
        idf=idf.astype(np.float64),
        coef=coef,
        intercept=intercept,
        thresholds=thresholds,
        review=review,
        scope=scope,
        training=training,
    )


def _write(model: Model, folder: "Path", card: Mapping[str, bytes]) -> None:
    terms = model.terms
    (folder / _LEXICON).write_text("".join(f"{stem}\n" for stem in terms.lexicon.stems), encoding="utf-8")
    arrays: list[NDArray[Any]] = [
        terms.unigrams,
        terms.bigrams,
        terms.pairs,
        terms.classes,
        model.idf,
        model.coef,
    ]
    for (name, dtype), array in zip(_ARRAYS.items(), arrays, strict=True):
        np.save(folder / name, array.astype(dtype), allow_pickle=False)
    config = {
        "format": FORMAT,
        "version": VERSION,
        "labels": list(model.labels),
        "scope": model.scope,
        "intercept": model.intercept.tolist(),
        "thresholds": model.thresholds.tolist(),
        "review": model.review.tolist(),
        "training": dict(model.training),
        "files": {name: _fingerprint((folder / name).read_bytes()) for name in (_LEXICON, *_ARRAYS)},
    }
    (folder / "config.json").write_text(
        json.dumps(config, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    for name, content in card.items():
        (folder / name).write_bytes(content)


def _fingerprint(content: bytes) -> dict[str, Any]:
    # Against damage; a digest that nobody can forge would need a key, and takes 5 ms at every start.
    return {"bytes": len(content), "crc32": f"{zlib.crc32(content):08x}"}


def _config(folder: str) -> dict[str, Any]:
    path = os.path.join(folder, "config.json")
    if not os.path.isdir(folder):
        raise ModelError(f"{folder} is no folder; give the folder that `otclass train` wrote.")
    if not os.path.isfile(path):
        raise ModelError(f"{folder} holds no config.json, so it is no otclass model folder.")
    try:
        config = json.loads(_read(path))
    except ValueError as error:
        raise ModelError(
            f"{path} is not JSON ({error}): the model is damaged, or is of another program."
        ) from error
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise ModelError(f"{path} is not of an otclass model, but of another program.")
    if config.get("version") != VERSION:
        raise ModelError(
            f"{folder} is a model of format {config.get('version')}; this otclass reads format {VERSION}. "
            "Install the otclass that wrote it, or train it again."
        )
    return config


def _checked(folder: str, name: str, config: Mapping[str, Any]) -> bytes:
    path = os.path.join(folder, name)
    if not os.path.isfile(path):
        raise ModelError(f"{folder} lacks {name}: the model is damaged. Fetch or train it again.")
    content = _read(path)
    files = config.get("files")
    if not isinstance(files, dict) or files.get(name) != _fingerprint(content):
        raise ModelError(
            f"{path} is not the file that was saved: damaged or changed. Fetch or train the model again."
        )
    return content


def _read(path: str) -> bytes:
    size = os.path.getsize(path)
    if size > _MAX_FILE:
        raise ModelError(f"{path} has {size:,} bytes, more than any model's file ({_MAX_FILE:,}).")
    with open(path, "rb") as file:
        return file.read()


def _array(path: str, content: bytes, dtype: Any) -> NDArray[Any]:
    from io import BytesIO

    try:
        array = np.load(BytesIO(content), allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise ModelError(f"{path} is no plain NumPy array ({error}): the model is damaged.") from error
    if not isinstance(array, np.ndarray) or array.dtype != dtype:
        raise ModelError(f"{path} is no array of {dtype}: the model is damaged.")
    return array


def _numbers(values: Any) -> Floats:
    return np.array(values, dtype=np.float64)
