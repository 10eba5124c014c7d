import json

import numpy as np
import pytest

from otclass import modelfile
from otclass.modelfile import ModelError
from otclass.tagger import Tagger


@pytest.fixture
def folder(fitted, tmp_path):
    modelfile.save(fitted.model_, tmp_path / "model", card={"README.md": b"# a card\n"})
    return tmp_path / "model"


def test_what_is_saved_is_what_is_opened(fitted, folder, labelled):
    texts = labelled[0][:50]
    assert np.array_equal(Tagger.load(folder).probabilities(texts), fitted.predict_proba(texts))
    assert (folder / "README.md").read_text() == "# a card\n"


def test_saving_twice_gives_the_same_bytes(fitted, folder, tmp_path):
    modelfile.save(fitted.model_, tmp_path / "again", card={"README.md": b"# a card\n"})
    for file in folder.iterdir():
        assert file.read_bytes() == (tmp_path / "again" / file.name).read_bytes()


def test_an_opened_model_can_be_saved_again(folder, tmp_path):
    modelfile.save(modelfile.load(folder), tmp_path / "copy")
    assert (tmp_path / "copy" / "coef.npy").read_bytes() == (folder / "coef.npy").read_bytes()


def test_nothing_is_overwritten_unless_asked(fitted, folder, tmp_path):
    with pytest.raises(FileExistsError, match="--force"):
        modelfile.save(fitted.model_, folder)
    modelfile.save(fitted.model_, folder, force=True)
    Tagger.load(folder)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model"]
    other = tmp_path / "thesis"
    other.mkdir()
    (other / "chapter.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="no model folder"):
        modelfile.save(fitted.model_, other, force=True)


def test_a_failed_save_leaves_nothing(fitted, tmp_path):
    with pytest.raises(TypeError):
        modelfile.save(fitted.model_, tmp_path / "model", card={"README.md": "no bytes"})
    assert list(tmp_path.iterdir()) == []


def test_foreign_folders(tmp_path):
    with pytest.raises(ModelError, match="is no folder"):
        modelfile.load(tmp_path / "absent")
    with pytest.raises(ModelError, match=r"no config\.json"):
        modelfile.load(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(ModelError, match="another program"):
        modelfile.load(tmp_path)
    (tmp_path / "config.json").write_bytes(b"\xff\x00")
    with pytest.raises(ModelError, match="not JSON"):
        modelfile.load(tmp_path)


def test_a_newer_version(folder):
    config = json.loads((folder / "config.json").read_text())
    config["version"] = 99
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="format 99"):
        modelfile.load(folder)


@pytest.mark.parametrize(
    "name", ["lexicon.txt", "unigrams.npy", "bigrams.npy", "pairs.npy", "classes.npy", "idf.npy", "coef.npy"]
)
def test_damage_is_noticed(folder, name):
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[:-1])
    with pytest.raises(ModelError, match="damaged or changed"):
        modelfile.load(folder)
    (folder / name).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(ModelError, match="damaged or changed"):
        modelfile.load(folder)
    (folder / name).unlink()
    with pytest.raises(ModelError, match=f"lacks {name}"):
        modelfile.load(folder)


def forge(folder, name: str, content: bytes) -> None:
    """Put other content in place, checksum and all."""
    (folder / name).write_bytes(content)
    config = json.loads((folder / "config.json").read_text())
    config["files"][name] = modelfile._fingerprint(content)
    (folder / "config.json").write_text(json.dumps(config))


def npy(array, tmp_path) -> bytes:
    np.save(tmp_path / "forged.npy", array, allow_pickle=True)
    return (tmp_path / "forged.npy").read_bytes()


def test_a_pickle_is_never_opened(folder, tmp_path):
    class Bomb:
        def __reduce__(self):
            return (pytest.fail, ("unpickled",))

    forge(folder, "idf.npy", npy(np.array([Bomb()], dtype=object), tmp_path))
    with pytest.raises(ModelError, match="no plain NumPy array"):
        modelfile.load(folder)


def test_forged_arrays_are_refused(folder, tmp_path):
    model = modelfile.load(folder)
    n_terms = len(model.terms)
    forge(folder, "idf.npy", npy(np.ones(n_terms), tmp_path))
    with pytest.raises(ModelError, match="no array of float32"):
        modelfile.load(folder)
    forge(folder, "idf.npy", npy(np.full(n_terms, np.nan, dtype="<f4"), tmp_path))
    with pytest.raises(ModelError, match="do not fit together"):
        modelfile.load(folder)
    forge(folder, "idf.npy", npy(np.ones(n_terms, dtype="<f4"), tmp_path))
    forge(folder, "pairs.npy", npy(np.full(model.terms.pairs.shape, 2**31, dtype="<u4"), tmp_path))
    with pytest.raises(ModelError, match="do not fit together"):
        modelfile.load(folder)


@pytest.mark.parametrize("key", ["labels", "intercept", "thresholds", "review", "scope", "training"])
def test_a_config_without_a_part(folder, key):
    config = json.loads((folder / "config.json").read_text())
    del config[key]
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match=key):
        modelfile.load(folder)
