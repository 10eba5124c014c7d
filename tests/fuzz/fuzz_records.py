"""Coverage-guided fuzzing of the readers with atheris; not collected by pytest.

    pip install atheris
    python tests/fuzz/fuzz_records.py ris -max_total_time=600 -max_len=8192 -timeout=20 CORPUS_FOLDER

The first argument is a format, "json array" or "ovid labels"; the others are libFuzzer's. Each input is read
as a file of that format and, where the format is text, as junk between two sound records, which must both
come out.
"""

import sys
import warnings
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[1]))
with atheris.instrument_imports(include=["otclass.records", "bibtexparser", "openpyxl", "json", "csv"]):
    from record_frames import FRAMES, lost_neighbours, read


def check(data: bytes, name: str) -> None:
    """One input of the fuzzer."""
    read(data, name)
    if name in FRAMES:
        lost = lost_neighbours(data, name)
        assert not lost, f"lost the record {lost}"


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    chosen = sys.argv.pop(1)
    atheris.Setup(sys.argv, lambda data: check(data, chosen))
    atheris.Fuzz()
