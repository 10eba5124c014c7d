"""Records in, the same with their tags out: one by one, or file by file on many cores and machines."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from otclass.records.duplicates import Duplicates
from otclass.records.read import expand, read_records
from otclass.records.record import Record, RecordError
from otclass.records.write import write_records

if TYPE_CHECKING:
    from otclass.tagger import Tagger, Tags, Thresholds

_CHUNK = 512  # more would leave the processor's cache between being read and written
_SHARED_CHUNK = 4_000  # where the tagger shares a chunk out


def tag_records(
    records: Iterable[Record],
    tagger: "Tagger | None" = None,
    *,
    thresholds: "Thresholds | None" = None,
    n_jobs: int = 1,
    skip: int = 0,
) -> "Iterator[tuple[Record, Tags, str]]":
    """Tag records as they come, in constant memory but for what `Duplicates` needs.

    Parameters
    ----------
    records : iterable of Record
    tagger : Tagger, optional
        By default the one with the shipped model.
    thresholds : float or mapping of str to float, optional
        As for `Tagger.tag`.
    n_jobs : int, default 1
        As for `Tagger.tag`.
    skip : int, default 0
        Records at the beginning that are looked at for the sake of later duplicates only, neither tagged nor
        given: those that an interrupted run has written.

    Yields
    ------
    record : Record
    tags : Tags
        From its title and abstract.
    duplicate_of : str
        Of a paper that came before, PMID or DOI of the record that came first, or its number, counted
        from 1; else "". What `write_records` takes.

    Raises
    ------
    ImportError, ValueError
        As `Tagger.tag`.

    Examples
    --------
    >>> voles = Record(title="Grief after the loss of a partner in voles", pmid="7")
    >>> [(tags, duplicate_of) for _, tags, duplicate_of in tag_records([voles, voles])]
    [(('grief',), ''), (('grief',), '7')]
    """
    from otclass.tagger import Tagger

    tagger = tagger or Tagger.default()
    seen, names = Duplicates(), list[str]()

    def duplicate_of(record: Record) -> str:
        first = seen.first(record)
        names.append(record.pmid or record.doi or str(len(names) + 1))
        return "" if first is None else names[first]

    rest = iter(records)
    for record in islice(rest, skip):
        duplicate_of(record)
    size = _CHUNK if n_jobs == 1 else _SHARED_CHUNK
    while chunk := list(islice(rest, size)):
        duplicates = [duplicate_of(record) for record in chunk]
        answers = tagger.tag(
            title=[record.title for record in chunk],
            abstract=[record.abstract for record in chunk],
            thresholds=thresholds,
            n_jobs=n_jobs,
        )
        yield from zip(chunk, answers, duplicates, strict=True)


@dataclass(frozen=True)
class TaggedFile:
    """What became of one file.

    Attributes
    ----------
    source : Path
        The file read.
    output : Path or None
        The file written; None if `source` holds no record that can be read.
    records : int
        Records in it.
    unreadable : tuple of RecordError
        Records, or parts of some, that could not be read, or the one reason why none could.
    """

    source: Path
    output: Path | None
    records: int
    unreadable: tuple[RecordError, ...]


def tag_files(
    files: str | Path | Iterable[str | Path],
    folder: str | Path,
    *,
    ending: str = ".parquet",
    model: str | Path | None = None,
    thresholds: "Thresholds | None" = None,
    n_jobs: int | None = None,
) -> list[TaggedFile]:
    """Tag every file by itself into a folder, on as many cores or machines as joblib commands.

    The work is shared out file by file: a worker gets the names of a file and of the model's folder, reads,
    tags and writes. Those names must mean the same on every machine, as on a shared disk.

    Parameters
    ----------
    files : path or iterable of paths
        Files, folders and patterns, as `expand` takes them.
    folder : path
        Where to write; made if it is missing. ``exports/a.ris`` becomes ``a.ris.parquet``, which replaces
        one that is there.
    ending : str, default ".parquet"
        Picks the format, as for `write_records`.
    model : path, optional
        Folder of the model; by default the shipped one.
    thresholds : float or mapping of str to float, optional
        As for `Tagger.tag`.
    n_jobs : int, optional
        Processes at a time; -1 for all cores. As everywhere with joblib, None means one, unless
        ``joblib.parallel_config`` says otherwise; that is also how to choose Dask or Ray.

    Returns
    -------
    list of TaggedFile
        One a file, in the order of `expand`. Duplicates are marked within each file.

    Raises
    ------
    RecordError
        If a file does not exist or lies in `folder`, two files have the same name, or one cannot be written.
    ModelError
        If `model` is no model folder.
    ValueError
        As `Tagger.tag`.
    ImportError
        If joblib is not installed.

    See Also
    --------
    tag_records : For one file, or records of any origin.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "voles.csv").write_text("title\\nGrief after the loss of a partner in voles\\n")
    ...     (tagged,) = tag_files(folder, Path(folder, "tagged"), ending=".csv")
    >>> tagged.output.name, tagged.records, tagged.unreadable
    ('voles.csv.csv', 1, ())
    """
    try:
        from joblib import Parallel, delayed
    except ImportError as error:
        raise ImportError("tag_files needs joblib: pip install 'otclass[parallel]'.") from error
    folder = Path(folder).absolute()
    outputs: dict[Path, Path] = {}
    for source in expand([files] if isinstance(files, str | Path) else files):
        source = source.absolute()
        if source.is_relative_to(folder):
            raise RecordError("lies in the folder to write to; choose another folder", source=str(source))
        output = folder / f"{source.name}{ending}"
        if output in outputs:
            raise RecordError(
                f"has the same name as {outputs[output]}, so that one would replace the other. Rename it",
                source=str(source),
            )
        outputs[output] = source
    folder.mkdir(parents=True, exist_ok=True)
    answers: list[TaggedFile] = Parallel(n_jobs=n_jobs)(
        delayed(_tag_file)(source, output, model, thresholds) for output, source in outputs.items()
    )
    return answers


def _tag_file(
    source: Path, output: Path, model: str | Path | None, thresholds: "Thresholds | None"
) -> TaggedFile:
    from otclass.tagger import Tagger

    tagger = Tagger.default() if model is None else Tagger.load(model)
    unreadable: list[RecordError] = []

    def records() -> Iterator[Record]:
        try:
            yield from read_records(source, on_error=unreadable.append)
        except RecordError as error:
            unreadable.append(error)

    tagged = tag_records(records(), tagger, thresholds=thresholds)
    first = next(tagged, None)
    if first is None:
        return TaggedFile(source, None, 0, tuple(unreadable))
    count = write_records(chain((first,), tagged), output, domains=tagger.domains)
    return TaggedFile(source, output, count, tuple(unreadable))
