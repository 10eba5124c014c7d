"""Files shared out to processes, as the documentation shows it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from otclass.records import read_records, tag_files

PAGE = Path(__file__).parents[1] / "docs" / "beyond-one-machine.md"
EXPORTS = {
    "zotero.ris": "TY  - JOUR\nTI  - Grief after the loss of a partner in voles {n}\nAB  - Mice.\nER  - \n\n",
    "table.csv": "Massage and pleasant touch {n},Stroking by hand raised salivary oxytocin.,note\n",
    "pubmed.nbib": "PMID- 9{n}\nTI  - Naloxone and bonding {n}\nAB  - Opioid receptors and oxytocin.\n\n",
}


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    """A folder of invented exports, one of which is none."""
    folder = tmp_path / "exports"
    folder.mkdir()
    for part in range(2):
        for name, record in EXPORTS.items():
            header = "title,abstract,mine\n" if name.endswith(".csv") else ""
            text = header + "".join(record.format(n=100 * part + n) for n in range(50))
            (folder / f"part{part}-{name}").write_text(text, encoding="utf-8")
    (folder / "page.ris").write_text("<!DOCTYPE html><title>Log in</title>", encoding="utf-8")
    return folder


def content(folder: Path) -> dict[str, list[object]]:
    return {path.name: [record.raw for record in read_records(path)] for path in sorted(folder.iterdir())}


def test_two_dask_workers(exports: Path, tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="needs Dask's distributed")
    pytest.importorskip("pyarrow", reason="needs the extra otclass[records]")
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    script = tmp_path / "script.py"
    # Whether the work was done by others than the script's own process.
    script.write_text(f"{code}    import sys\n    print('otclass.tagger' in sys.modules)\n", encoding="utf-8")
    done = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    *lines, opened = done.stdout.splitlines()
    assert opened == "False"
    assert lines == ["page.ris 0 records, 1 unreadable"] + [
        f"part{part}-{name} 50 records, 0 unreadable" for part in range(2) for name in sorted(EXPORTS)
    ]
    tag_files(exports, tmp_path / "alone")
    alone = content(tmp_path / "alone")
    assert alone == content(tmp_path / "tagged")
    assert {raw["tags"] for raw in alone["part0-zotero.ris.parquet"]} == {"grief"}
