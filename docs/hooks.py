"""Pages of the site that stand elsewhere in the repository: the model card with its plot, the changelog."""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

_ROOT = Path(__file__).parents[1]
_PAGES = {
    "model-card.md": "models/oxytocin-domains/README.md",
    "calibration.png": "models/oxytocin-domains/calibration.png",
    "changelog.md": "CHANGELOG.md",
}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages when MkDocs has gathered those under docs."""
    for page, source in _PAGES.items():
        files.append(File.generated(config, page, abs_src_path=str(_ROOT / source)))
    return files
