"""The command `otclass`: thin, it only calls the library.

Exit codes: 0 done; 1 failed, with a message on standard error; 2 wrong usage; 3 done, but some records could
not be read (they are listed on standard error and in the summary).
"""

import csv
import glob
import io
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from functools import wraps
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from otclass.domains import DOMAINS

if TYPE_CHECKING:
    from otclass.records import Record, RecordError
    from otclass.tagger import Tagger, Tags

_UNREADABLE = 3
_SHIPPED = "default"
"""Names the shipped model where a model folder is asked for."""
_PASTED = 1 << 20
"""Bytes of standard input within which it may be one pasted text; more must be records."""


class _Group(click.Group):
    """Shows the errors that the library raises for its users as one line, not as a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        from otclass.modelfile import ModelError

        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # The reader of a pipe has seen enough; say nothing more to it.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(1)
        except (ModelError, OSError, ImportError) as error:
            raise click.ClickException(str(error)) from error
        except ValueError as error:
            # RecordError, LabelledError and the like are ValueErrors written for people.
            raise click.ClickException(str(error)) from error


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="otclass")
def main() -> None:
    """Tag abstracts of the neuropeptide literature with the domains of oxytocin and relationships."""


def _model_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--model",
        type=click.Path(),
        help=f'Model folder to use; by default, or for the word "{_SHIPPED}", the shipped one.',
        metavar="FOLDER",
    )(command)


def _column_options(*fields: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Options that name columns of a table, given to the command as one mapping, `columns`."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def with_columns(*arguments: Any, **options: Any) -> Any:
            named = {field: options.pop(f"{field}_column") for field in fields}
            columns = {field: name for field, name in named.items() if name}
            return command(*arguments, columns=columns, **options)

        for field in reversed(fields):
            what = "labels, joined by ;" if field == "domains" else field
            option = click.option(
                f"--{field}-column", metavar="NAME", help=f"Column of a table that holds the {what}."
            )
            with_columns = option(with_columns)
        return with_columns

    return add


def _tagger(model: str | None) -> "Tagger":
    from otclass.tagger import Tagger

    return Tagger.load(model) if model and model != _SHIPPED else Tagger.default()


def _progress(total: int | None, unit: str) -> Any:
    """A progress bar on a terminal, none in a pipe."""
    from tqdm import tqdm

    return tqdm(total=total, unit=unit, unit_scale=True, disable=None, leave=False, file=sys.stderr)


@contextmanager
def _record_progress() -> Iterator[Callable[[int, int], None]]:
    with _progress(None, "record") as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield show


def _thresholds(
    _: click.Context, __: click.Parameter, values: tuple[str, ...]
) -> float | dict[str, float] | None:
    """Parse "0.5" (for all) and "grief=0.3" (for one)."""
    everywhere: float | None = None
    single: dict[str, float] = {}
    for value in values:
        key, _equals, number = value.rpartition("=")
        try:
            threshold = float(number)
        except ValueError:
            raise click.BadParameter(f"{value!r} is neither a number nor DOMAIN=NUMBER.") from None
        if key:
            single[key] = threshold
        else:
            everywhere = threshold
    if everywhere is not None and single:
        raise click.BadParameter("give one threshold for all domains, or DOMAIN=NUMBER for some.")
    return everywhere if everywhere is not None else (single or None)


def _threshold_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--threshold",
        "thresholds",
        multiple=True,
        callback=_thresholds,
        metavar="[DOMAIN=]NUMBER",
        help="Probability from which to tag, instead of the model's; may be repeated.",
    )(command)


@main.command()
@click.argument("inputs", nargs=-1, metavar="TEXT|FILE...|-")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False), help="File to write; its ending picks the format."
)
@click.option("--pubmed", metavar="QUERY", help="Tag what PubMed finds for this query (asks NCBI).")
@_threshold_option
@click.option("--format", "format_", metavar="NAME", help="Format of the input, if not to be recognised.")
@_column_options("title", "abstract", "text")
@click.option("--resume", is_flag=True, help="Continue a run that was interrupted.")
@click.option(
    "--summary", type=click.Path(dir_okay=False), metavar="FILE", help="Write the summary as JSON too."
)
@click.option("--jobs", type=int, default=1, show_default=True, help="Threads to tag with; -1 for all cores.")
@click.option("--json", "as_json", is_flag=True, help="Without -o: print JSON, a line each.")
@_model_option
@click.pass_context
def tag(
    ctx: click.Context,
    inputs: tuple[str, ...],
    output: str | None,
    pubmed: str | None,
    thresholds: float | Mapping[str, float] | None,
    format_: str | None,
    columns: Mapping[str, str],
    resume: bool,
    summary: str | None,
    jobs: int,
    as_json: bool,
    model: str | None,
) -> None:
    """Tag a text, or the records of files.

    A TEXT in quotes is tagged and its domains are printed with their probabilities. FILES may be exports of
    PubMed, Zotero, EndNote and others, tables, folders of such and patterns; "-" is standard input: records,
    or a pasted page.
    """
    if bool(inputs) == bool(pubmed):
        raise click.UsageError('give a text, files or "-"; or --pubmed QUERY.')
    if resume and not output:
        raise click.UsageError("--resume needs -o.")
    tagger = _tagger(model)

    pasted = None if pubmed else _pasted_text(inputs, format_)
    if pasted is not None and not output:
        _print_tags(tagger.tag(pasted, thresholds=thresholds), as_json)
        return

    run = _Run(tagger, thresholds, jobs)
    if pubmed:
        from otclass.pubmed import search_records

        with _pubmed_errors():
            run.write(search_records(pubmed), output, as_json, resume, (pubmed,))
    elif pasted is not None:
        from otclass.records import Record

        run.write(iter([Record(abstract=pasted, source="-", source_line=1)]), output, as_json, resume, ())
    else:
        run.write(run.files.read(inputs, format_, columns, output), output, as_json, resume, tuple(inputs))
    run.report(summary)
    if run.files.unreadable:
        ctx.exit(_UNREADABLE)


def _pasted_text(inputs: tuple[str, ...], format_: str | None) -> str | None:
    """The text to tag, if the input is one text and no records."""
    if len(inputs) != 1 or format_:
        return None
    only = inputs[0]
    if only == "-":
        head = sys.stdin.buffer.read(_PASTED)
        rest = sys.stdin.buffer
        if len(head) < _PASTED and not _holds_records(head):
            return _decoded(head)
        sys.stdin = io.TextIOWrapper(_Joined(head, rest))
        return None
    if _is_text(only):
        return only
    path = Path(only)
    if (
        path.suffix.lower() in (".txt", ".html", ".htm", ".md")
        and path.is_file()
        and path.stat().st_size < _PASTED
    ):
        content = path.read_bytes()
        if not _holds_records(content):
            return _decoded(content)
    return None


def _is_text(argument: str) -> bool:
    """Whether an argument is a text to tag and no file: several words, and no file is called or ends so."""
    from otclass.records.read import FORMATS

    endings = tuple(ending for format_ in FORMATS.values() for ending in format_.endings)
    return (
        len(argument.split()) > 1
        and not os.path.exists(argument)  # noqa: PTH110 (a long text is no error to it)
        and not argument.lower().endswith((*endings, ".gz"))
        and not glob.has_magic(argument.split()[0])
    )


class _Joined(io.RawIOBase):
    """A stream whose beginning was read already."""

    def __init__(self, head: bytes, rest: IO[bytes]) -> None:
        self._head, self._rest = io.BytesIO(head), rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = self._head.read(len(buffer)) or self._rest.read(len(buffer))
        buffer[: len(part)] = part
        return len(part)


def _holds_records(content: bytes) -> bool:
    from otclass.records import RecordError, read_records

    try:
        return next(read_records(io.BytesIO(content), on_error=lambda _: None), None) is not None
    except RecordError:
        return False


def _decoded(content: bytes) -> str:
    from otclass.records.encoding import detect

    encoding, errors = detect(content)
    return content.decode(encoding, errors)


def _print_tags(tags: "Tags", as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(_as_dict(tags), ensure_ascii=False))
        return
    for domain in tags:
        click.echo(f"{domain}\t{tags.probabilities[domain]:.2f}")
    if not tags:
        click.echo("no domain", err=True)
    if tags.review:
        click.echo(
            "worth a look: " + ", ".join(f"{key} {tags.probabilities[key]:.2f}" for key in tags.review),
            err=True,
        )


def _as_dict(tags: "Tags") -> dict[str, Any]:
    return {
        "tags": list(tags),
        "probabilities": {key: round(value, 4) for key, value in tags.probabilities.items()},
        "neuropeptide": None if tags.neuropeptide is None else round(tags.neuropeptide, 4),
        "review": list(tags.review),
    }


class _Files:
    """Records of the files that a command was given, and what of them was unreadable."""

    def __init__(self) -> None:
        self.unreadable: list[dict[str, Any]] = []

    def read(
        self,
        inputs: Iterable[str],
        format_: str | None,
        columns: Mapping[str, str],
        output: str | None = None,
    ) -> "Iterator[Record]":
        from otclass.records import RecordError, expand, read_records

        given = list(inputs)
        paths: list[str | Path] = ["-"] if given == ["-"] else list(expand(given))
        if output and len(paths) > 1 and Path(output).exists():
            # Of an earlier run; a folder or pattern finds it too.
            for path in [path for path in paths if Path(path).exists() and Path(path).samefile(output)]:
                paths.remove(path)
                click.echo(f"left out: {path} is the file to write", err=True)
        for path in paths:
            try:
                yield from read_records(path, format=format_, columns=columns, on_error=self.note)
            except RecordError as error:
                # Of several files the others are still of use; a single one that fails is the failure.
                if len(paths) == 1:
                    raise
                self.note(error)

    def note(self, error: "RecordError") -> None:
        self.unreadable.append(
            {"file": error.source, "line": error.line, "field": error.field, "why": error.message}
        )
        click.echo(f"unreadable: {error}", err=True)


class _Run:
    """One run of `otclass tag` over records, and its counts."""

    def __init__(self, tagger: "Tagger", thresholds: float | Mapping[str, float] | None, jobs: int) -> None:
        from otclass.records.write import Summary

        self.tagger, self.thresholds, self.jobs = tagger, thresholds, jobs
        self.files = _Files()
        self.summary = Summary(domains=dict.fromkeys(tagger.domains, 0))

    def write(
        self,
        records: "Iterator[Record]",
        output: str | None,
        as_json: bool,
        resume: bool,
        given: tuple[str, ...],
    ) -> None:
        if output is None:
            for record, tags, first in self._tagged(records):
                self.summary.add(record, tags, first)
                if as_json:
                    its = {"title": record.title, "pmid": record.pmid, "doi": record.doi, **_as_dict(tags)}
                    click.echo(json.dumps(its, ensure_ascii=False))
                else:
                    click.echo(f"{';'.join(tags)}\t{record.title or record.abstract[:80]}")
            return
        from otclass.records.write import RecordWriter, fingerprint_of

        files = [path for path in given if Path(path).exists()]
        settings = fingerprint_of(files, given, self.thresholds, self.tagger.model.training, output)
        with RecordWriter(output, domains=self.tagger.domains, resume=resume, fingerprint=settings) as writer:
            for record, tags, first in self._tagged(records, skip=writer.done):
                writer.write(record, tags, duplicate_of=first)
        self.summary = writer.summary

    def _tagged(self, records: "Iterator[Record]", skip: int = 0) -> "Iterator[tuple[Record, Tags, str]]":
        from otclass.records import tag_records

        tagged = tag_records(records, self.tagger, thresholds=self.thresholds, n_jobs=self.jobs, skip=skip)
        with _progress(None, "record") as bar:
            bar.update(skip)
            for item in tagged:
                yield item
                bar.update()

    def report(self, summary: str | None) -> None:
        counts = asdict(self.summary)
        domains = counts.pop("domains")
        counts["unreadable"] = len(self.files.unreadable)
        click.echo(
            f"{counts['read']} records read, {counts['tagged']} tagged, {counts['without_abstract']} without "
            f"abstract, {counts['duplicates']} duplicates, {counts['unreadable']} unreadable",
            err=True,
        )
        click.echo(", ".join(f"{domain} {count}" for domain, count in domains.items()), err=True)
        if summary:
            content = {**counts, "domains": domains, "unreadable_records": self.files.unreadable}
            _write_whole(summary, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def _write_whole(path: str, content: str) -> None:
    target = Path(path)
    part = target.with_name(f"{target.name}.part")
    part.write_text(content, encoding="utf-8", newline="")
    part.replace(target)


@main.command()
@click.argument("text", metavar="TEXT|FILE|-")
@_threshold_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead.")
@click.option("--color/--no-color", default=None, help="Colours; by default on a terminal only.")
@_model_option
def explain(
    text: str,
    thresholds: float | Mapping[str, float] | None,
    as_json: bool,
    color: bool | None,
    model: str | None,
) -> None:
    """Show why a text gets its domains: the words and sentences that carried each, and what spoke against."""
    pasted = _pasted_text((text,), None)
    if pasted is None:
        raise click.UsageError("explain takes one text, in quotes, from a text file or on standard input.")
    explanation = _tagger(model).explain(pasted, thresholds=thresholds)
    if as_json:
        click.echo(json.dumps(explanation.to_dict(), ensure_ascii=False))
        return
    colored = sys.stdout.isatty() if color is None else color
    click.echo(explanation.text(color=colored, width=shutil.get_terminal_size().columns), color=colored)


@main.command()
@click.option(
    "--model",
    "model",
    type=click.Path(),
    is_flag=False,
    flag_value="",
    metavar="[FOLDER]",
    help="Show what each domain means to the model (the shipped one by default): its strongest terms.",
)
@click.option("-n", "n", type=int, default=15, show_default=True, help="Terms a domain, with --model.")
def domains(model: str | None, n: int) -> None:
    """List the domains and what they mean."""
    if model is None:
        for domain in DOMAINS:
            click.echo(f"{domain.key}\n    {domain.name}: {domain.meaning}")
        return
    tagger = _tagger(model)
    for key in tagger.domains:
        click.echo(f"{key}: " + ", ".join(term for term, weight in tagger.terms(key, n=n) if weight > 0))


@main.command()
@click.argument("labelled", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False))
@click.option(
    "-o", "--output", required=True, type=click.Path(file_okay=False), help="Model folder to write."
)
@click.option("--labels", metavar="KEY,KEY...", help="Labels allowed; by default all that the files hold.")
@click.option(
    "--start-from",
    "start",
    metavar="MODEL",
    help=f'Model to learn on top of: a model folder, or "{_SHIPPED}" for the shipped one.',
)
@_column_options("title", "abstract", "text", "domains")
@click.option(
    "--test", "test", type=click.Path(exists=True, dir_okay=False), help="Labelled CSV to report on as well."
)
@click.option(
    "--jobs", type=int, default=1, show_default=True, help="Folds fitted at once; -1 for all cores."
)
@click.option(
    "--learning-curve", "with_curve", is_flag=True, help="Also say whether more labels would pay (slow)."
)
@click.option("--force", is_flag=True, help="Replace the model folder if it exists.")
def train(
    labelled: tuple[str, ...],
    output: str,
    labels: str | None,
    start: str | None,
    columns: Mapping[str, str],
    test: str | None,
    jobs: int,
    with_curve: bool,
    force: bool,
) -> None:
    """Train a model on labelled CSV files.

    Columns: text, or title and abstract; domains (or labels) joined by ";", or a column of 0 and 1 for each
    label; optionally id, scope and weight. The model card in the folder gives the cross-validated figures.

    Few labels do best on top of a model that knows the field: --start-from default.
    """
    from otclass import curation, training
    from otclass.labelled import LabelledError
    from otclass.tagger import Tagger

    if start and with_curve:
        raise click.UsageError("--learning-curve is of labels alone; leave it or --start-from out.")
    if Path(output).exists() and not force:
        raise click.ClickException(f"{output} exists; choose another name, or replace it with --force.")
    known = _tagger(start).model if start else None
    data = _labelled(labelled, labels.split(",") if labels else None, columns)
    say = (lambda message: click.echo(message, err=True)) if sys.stderr.isatty() else None
    if known is None:
        trained = training.train(data, n_jobs=jobs, progress=say)
    else:
        trained = training.train_from(known, data, progress=say)
    for note in trained.notes[len(data.notes) :]:  # those of reading were told when it was read
        click.echo(f"note: {note}", err=True)
    curve = None
    if with_curve:
        try:
            curve = curation.learning_curve(data, n_jobs=jobs)
        except LabelledError as error:  # too few labels for a curve have made a model all the same
            click.echo(f"note: {error}", err=True)
    evaluation = None
    if test:
        tested = _labelled((test,), list(data.labels), columns)
        evaluation = training.evaluate(Tagger(trained.model), tested)
    training.save(trained, output, force=force, test=evaluation, curve=curve)
    click.echo(str(evaluation or trained.cross_validation))
    if curve:
        click.echo(curve.advice)
    click.echo(f"{output} written", err=True)


@main.command()
@click.argument("model", type=click.Path(exists=True, file_okay=False))
@click.argument("labelled", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False))
@_column_options("title", "abstract", "text", "domains")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def evaluate(
    model: str,
    labelled: tuple[str, ...],
    columns: Mapping[str, str],
    as_json: bool,
) -> None:
    """Measure the model in a folder on labelled CSV files."""
    from otclass import training

    tagger = _tagger(model)
    evaluation = training.evaluate(tagger, _labelled(labelled, list(tagger.domains), columns))
    click.echo(json.dumps(evaluation.to_dict(), indent=1) if as_json else str(evaluation))


def _labelled(files: Iterable[str], labels: list[str] | None, columns: Mapping[str, str]) -> Any:
    from otclass.labelled import read_labelled

    data = read_labelled(list(files), labels=labels, **columns)
    for note in data.notes:
        click.echo(f"note: {note}", err=True)
    return data


@main.command()
@click.argument("query", required=False)
@click.option(
    "--ids", type=click.Path(exists=True, dir_okay=False, allow_dash=True), help="File of PMIDs instead."
)
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False), help="File to write (.nbib).")
@click.option("--email", help="Your address, for NCBI to reach you; or set NCBI_EMAIL.")
@click.option("--api-key", help="NCBI API key, for 10 requests a second instead of 3; or set NCBI_API_KEY.")
@click.option(
    "--resume/--no-resume", default=True, show_default=True, help="Continue an interrupted download."
)
def fetch(
    query: str | None, ids: str | None, output: str, email: str | None, api_key: str | None, resume: bool
) -> None:
    """Save what PubMed finds for QUERY, or the records of a list of PMIDs (asks NCBI)."""
    from otclass import pubmed

    if bool(query) == bool(ids):
        raise click.UsageError("give a QUERY or --ids FILE.")
    with _pubmed_errors(), _record_progress() as progress:
        result = pubmed.fetch(
            query,
            ids=pubmed.read_ids(ids) if ids else None,
            output=output,
            email=email,
            api_key=api_key,
            progress=progress,
            resume=resume,
        )
    for note in result.notes:
        click.echo(f"note: {note}", err=True)
    click.echo(f"{output} written", err=True)
    _say_missing(result.missing)


@main.group()
def corpus() -> None:
    """The texts that a model was trained on."""


@corpus.command()
@click.argument("ids", type=click.Path(exists=True, dir_okay=False))
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False), help="Labelled CSV to write.")
@click.option("--email", help="Your address, for NCBI to reach you; or set NCBI_EMAIL.")
@click.option("--api-key", help="NCBI API key; or set NCBI_API_KEY.")
def rebuild(ids: str, output: str, email: str | None, api_key: str | None) -> None:
    """Fetch from PubMed the abstracts of IDS, such as a model's training-ids.csv, beside their labels."""
    from otclass import pubmed

    with _pubmed_errors(), _record_progress() as progress:
        result = pubmed.rebuild_corpus(ids, output, email=email, api_key=api_key, progress=progress)
    click.echo(f"{output} written", err=True)
    _say_missing(result.missing)


@contextmanager
def _pubmed_errors() -> Iterator[None]:
    from otclass.pubmed import PubMedError

    try:
        yield
    except PubMedError as error:
        raise click.ClickException(str(error)) from error


def _say_missing(missing: Iterable[str]) -> None:
    missing = list(missing)
    if missing:
        click.echo(f"not in PubMed: {', '.join(missing)}", err=True)


@main.command()
@click.argument("inputs", nargs=-1, required=True, metavar="FILE...|-")
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False), help="HTML file to write.")
@click.option("--title", default="Abstracts by domain", show_default=True, help="Heading of the report.")
@click.option("--format", "format_", metavar="NAME", help="Format of the input, if not to be recognised.")
@_column_options("title", "abstract", "text")
@_model_option
def report(
    inputs: tuple[str, ...],
    output: str,
    title: str,
    format_: str | None,
    columns: Mapping[str, str],
    model: str | None,
) -> None:
    """Show tagged records as one HTML page to look at: counts, years, a map, a table with the evidence.

    FILES are whatever `otclass tag` reads; what it has written is not tagged again.
    """
    from otclass.records import RecordError
    from otclass.report import stored_tags, write_report

    tagger = _tagger(model)
    files = _Files()

    def items() -> "Iterator[tuple[Record, Any]]":
        for record in files.read(inputs, format_, columns):
            try:
                tags: Any = stored_tags(record, tagger.domains)
            except RecordError as error:
                files.note(error)
                tags = None
            if tags is None:
                tags = tagger.tag(title=record.title, abstract=record.abstract)
            yield record, tags

    with _record_progress() as progress:
        write_report(items(), output, title=title, tagger=tagger, progress=progress)
    click.echo(f"{output} written", err=True)


@main.command()
@click.argument("pool", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--labelled",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False),
    help="Labelled CSV so far; may be repeated.",
)
@click.option(
    "-n", "n", type=click.IntRange(min=1), default=20, show_default=True, help="Records to suggest."
)
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="CSV to write, ready to be labelled.")
@_model_option
def suggest(
    pool: tuple[str, ...], labelled: tuple[str, ...], n: int, output: str | None, model: str | None
) -> None:
    """Choose the records of a pool whose labels would teach the model most.

    The model is that of --model, else one learned from --labelled, else the shipped one.
    """
    from otclass import curation
    from otclass.labelled import UNLABELLED
    from otclass.records.cells import neutralise

    data = _labelled(labelled, None, {}) if labelled else None
    tagger = None if data and not model else _tagger(model)
    chosen = curation.suggest(_Files().read(pool, None, {}), data, n=n, tagger=tagger)
    for note in chosen.notes:
        click.echo(f"note: {note}", err=True)
    if not output:
        for suggestion in chosen.records:
            click.echo(f"{suggestion.asks_about}\t{suggestion.record.title}\t{suggestion.reason}")
        return
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(["id", "title", "abstract", "domains", "guess", "asks_about", "reason"])
    for suggestion in chosen.records:
        record = suggestion.record
        cells = (record.pmid or record.doi, record.title, record.abstract, UNLABELLED)
        reason = (";".join(suggestion.guess), suggestion.asks_about, suggestion.reason)
        writer.writerow(map(neutralise, (*cells, *reason)))
    _write_whole(output, stream.getvalue())
    click.echo(
        f"{output} written: in the column domains, put the domains (or nothing, if none applies) in place of "
        f"{UNLABELLED}",
        err=True,
    )


@main.command()
@click.argument("labelled", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False))
@click.option(
    "-n", "n", type=int, default=50, show_default=True, help="Labels to show, the least credible first."
)
@click.option(
    "--jobs", type=int, default=1, show_default=True, help="Folds fitted at once; -1 for all cores."
)
def audit(labelled: tuple[str, ...], n: int, jobs: int) -> None:
    """List the labels that are likely wrong, near-duplicates labelled differently, and rare labels."""
    from otclass import curation

    found = curation.audit(_labelled(labelled, None, {}), n_jobs=jobs)
    click.echo(f"{len(found.suspects)} labels are likely wrong; of all, the least credible first:", err=True)
    for judged in found.labels[:n]:
        given = "given" if judged.given else "not given"
        mark = "likely wrong" if judged.suspect else ""
        place = f"{judged.row.file}:{judged.row.number}"
        click.echo(f"{place}\t{judged.label} {given}\t{judged.confidence:.3f}\t{mark}\t{judged.title}")
    for twins in found.twins:
        places = " and ".join(f"{row.file}:{row.number}" for row in twins.rows)
        click.echo(
            f"{places} are nearly the same ({twins.similarity:.2f}) but differ: {', '.join(twins.differing)}"
        )
    for label, count in found.few_positives.items():
        click.echo(f"{label} has only {count} positive texts")
    for label in found.not_judged:
        click.echo(f"{label} could not be judged")


@main.command()
@click.argument("a", type=click.Path(exists=True, dir_okay=False))
@click.argument("b", type=click.Path(exists=True, dir_okay=False))
@click.option(
    "-n", "n", type=int, default=20, show_default=True, help="Abstracts to list, furthest apart first."
)
def compare(a: str, b: str, n: int) -> None:
    """Measure how two annotators agree, and list the abstracts to talk about."""
    from otclass import curation

    found = curation.compare(_labelled((a,), None, {}), _labelled((b,), None, {}))
    click.echo(f"{found.n} texts in both; the same domains in {found.exact:.1%}; Krippendorff's alpha (MASI) "
               f"{_shown(found.alpha)}")  # fmt: skip
    click.echo("domain\tboth\tonly A\tonly B\tneither\tkappa\talpha")
    for domain, its in found.domains.items():
        counts = "\t".join(map(str, (its.both, its.only_a, its.only_b, its.neither)))
        click.echo(f"{domain}\t{counts}\t{_shown(its.kappa)}\t{_shown(its.alpha)}")
    for confusion in found.confusions[:n]:
        one, other = (";".join(its) or "nothing" for its in (confusion.only_a, confusion.only_b))
        click.echo(f"{confusion.times} x: A alone {one}, B alone {other}")
    for text in found.disagreements[:n]:
        one, other = (";".join(sorted(its)) or "nothing" for its in (text.a, text.b))
        click.echo(f"{text.distance:.2f}\tA {one}\tB {other}\t{text.id} {text.title}")
    for name, rows in (("A", found.only_in_a), ("B", found.only_in_b)):
        if rows:
            click.echo(f"{len(rows)} texts only in {name}, the first in row {rows[0].number}", err=True)


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


@main.command()
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen at; others need a token."
)
@click.option("--port", type=int, default=8000, show_default=True)
@click.option("--token", default="", help="What callers must know; made up and printed when needed.")
@click.option("--name", "names", multiple=True, help="Further host name, as behind a proxy; may be repeated.")
@click.option("--pool", multiple=True, help="Records to label; may be repeated.")
@click.option("--labelled", type=click.Path(dir_okay=False), help="CSV that labels are saved to.")
@_model_option
def serve(
    host: str,
    port: int,
    token: str,
    names: tuple[str, ...],
    pool: tuple[str, ...],
    labelled: str | None,
    model: str | None,
) -> None:
    """Serve a page on this machine: paste and read, a library of records, labelling; and a REST API."""
    try:
        from otclass.web.app import serve as serve_
        from otclass.web.label import Curator
        from otclass.web.labels import LabelledFile
    except ImportError as error:
        raise click.ClickException("the page needs more packages: pip install 'otclass[web]'.") from error
    if bool(pool) != bool(labelled):
        raise click.UsageError("to label, give both --pool and --labelled.")
    tagger = _tagger(model)
    curator = None
    if labelled:
        records = _Files().read(pool, None, {})
        curator = Curator(tagger, records, LabelledFile(labelled))
    serve_(host, port, tagger=tagger, curator=curator, token=token, names=names)
