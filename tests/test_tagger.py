import copy
import dataclasses
import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otclass import DOMAINS, Tagger, tag
from otclass.cleaning import clean
from otclass.domains import DOMAIN_KEYS
from otclass.tagger import Tags

GRIEF = "Grief after the loss of a partner in prairie voles."
LABOUR = (
    "Labour induction with oxytocin infusion or misoprostol in nulliparous women: caesarean section rates."
)
MANY = (
    "This review covers oxytocin and stress buffering of the HPA axis, emotional faces and empathy, "
    "and trust and cooperation in economic games. Finally, clinical trials in autism are discussed."
)


@pytest.fixture(scope="module")
def tagger() -> Tagger:
    return Tagger.default()


def test_a_tag_is_a_tuple_of_domains():
    tags = tag(GRIEF)
    assert isinstance(tags, tuple)
    assert tags == ("grief",)
    assert list(tags.probabilities) == list(DOMAIN_KEYS)
    assert all(0 <= probability <= 1 for probability in tags.probabilities.values())
    assert 0 <= tags.neuropeptide <= 1


def test_none_applies():
    assert tag(LABOUR) == ()
    assert tag(LABOUR).neuropeptide > 0.9


def test_several_apply_most_probable_first():
    tags = tag(MANY)
    assert set(tags) == {"stress_buffering", "emotion_recognition", "synchrony", "therapy"}
    probabilities = [tags.probabilities[domain] for domain in tags]
    assert probabilities == sorted(probabilities, reverse=True)


def test_many_texts_keep_order_and_length():
    texts = [GRIEF, LABOUR, "", MANY] * 300
    answers = tag(texts)
    assert len(answers) == len(texts)
    assert answers == [tag(text) for text in texts[:4]] * 300
    assert tag(pd.Series(texts[:4], index=[7, 7, 1, 0])) == answers[:4]
    assert tag(text for text in texts[:2]) == answers[:2]
    assert tag([]) == []


def test_title_and_abstract_apart():
    title, abstract = "Grief and oxytocin", "Widows were lonely after the loss of their partner."
    assert tag(title=title, abstract=abstract).probabilities == tag(f"{title}\n{abstract}").probabilities
    assert tag(title=[title, ""], abstract=[abstract, LABOUR]) == [tag(title=title, abstract=abstract), ()]


def test_thresholds_can_be_overridden(tagger):
    assert set(tag(GRIEF, thresholds=0.0)) == set(DOMAIN_KEYS)
    assert tag(GRIEF, thresholds=1.0) == ()
    assert tag(GRIEF, thresholds={"grief": 1.0}) == ()
    assert tagger.frame([GRIEF], thresholds={"grief": 1.0})["grief"].tolist() == [False]


@pytest.mark.parametrize("thresholds", [{"greif": 0.5}, 1.5, {"grief": "high"}, float("nan")])
def test_bad_thresholds(thresholds):
    with pytest.raises(ValueError, match="threshold"):
        tag(GRIEF, thresholds=thresholds)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((None,), "None is no text"),
        ((3,), "not int"),
        ((b"grief",), r"bytes \(decode it first\)"),
        (([GRIEF, None],), "item 1 of texts is None"),
        (([GRIEF, float("nan")],), "item 1 of texts is NaN"),
        (([b"grief"],), "item 0 of texts is bytes"),
        ((), "give a text"),
    ],
)
def test_what_is_no_text(arguments, message):
    with pytest.raises(TypeError, match=message):
        tag(*arguments)


def test_fields_that_do_not_fit():
    with pytest.raises(ValueError, match="2 titles but 1 abstracts"):
        tag(title=["a", "b"], abstract=["c"])
    with pytest.raises(TypeError, match="both"):
        tag(title="a", abstract=["c"])
    with pytest.raises(TypeError, match="give a text"):
        tag(title="a")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  \n\t ",
        "xyzzy",
        "der Verlust des Partners und die Trauer",
        "\x00\x01\x1b[31m",
        "\ud800\udfff",
        "悲しみと喪失",
        "- - -",
    ],
)
def test_odd_texts_get_an_answer(text):
    assert isinstance(tag(text), Tags)


@settings(deadline=None)
@given(st.text())
def test_any_text_gets_an_answer(text):
    assert set(tag(text)) <= set(DOMAIN_KEYS)


def test_a_long_text_gets_an_answer():
    assert isinstance(tag("oxytocin and grief, " * 50_000), Tags)
    assert isinstance(tag("oxytocin" * 125_000), Tags)


def test_a_frame(tagger):
    texts = pd.Series([GRIEF, LABOUR], index=["a", "b"])
    frame = tagger.frame(texts)
    assert frame.index.tolist() == ["a", "b"]
    assert frame.columns.tolist() == [*DOMAIN_KEYS, *(f"p_{key}" for key in DOMAIN_KEYS), "neuropeptide"]
    assert frame["grief"].tolist() == [True, False]
    assert frame["p_grief"].tolist() == pytest.approx([t.probabilities["grief"] for t in tag(texts)])
    assert tagger.frame([]).shape == (0, 15)


def test_review_names_what_lies_in_the_band(tagger, invented):
    texts = [row["abstract"] for row in invented[:200]]
    bands = dict(zip(tagger.model.labels, tagger.model.review.tolist(), strict=True))
    for tags in tagger.tag(texts):
        inside = [key for key, p in tags.probabilities.items() if bands[key][0] <= p <= bands[key][1]]
        assert set(tags.review) == set(inside)


def test_scores_are_those_of_a_plain_scikit_learn_pipeline(tagger, invented):
    texts = [f"{row['title']}\n{row['abstract']}" for row in invented[:150]] + [
        "",
        "β-endorphin (BE); BE.",
        "zzz",
    ]
    pipeline = tagger.to_pipeline()
    assert np.abs(pipeline.predict_proba(texts) - tagger.probabilities(texts)).max() < 1e-6
    assert np.abs(pipeline.decision_function(texts) - tagger.model.score(map(clean, texts))).max() < 1e-6


@pytest.mark.parametrize("backend", ["threading", "loky"])
@pytest.mark.parametrize("its_model", ["shipped", "another"])
def test_several_threads_or_processes_give_the_same(tagger, invented, backend, its_model):
    if its_model == "another":
        tagger = Tagger(dataclasses.replace(tagger.model, intercept=tagger.model.intercept + 0.5))
    texts = [row["abstract"] for row in invented] * 4
    one = tagger.tag(texts)
    with joblib.parallel_config(backend=backend):
        two = tagger.tag(texts, n_jobs=2)
    assert one == two
    assert [tags.probabilities for tags in one] == [tags.probabilities for tags in two]


def test_no_threads_at_all_are_refused(tagger):
    with pytest.raises(ValueError, match="n_jobs is 0"):
        tagger.tag(["grief"], n_jobs=0)
    assert tagger.tag(["Grief after the loss of a partner."], n_jobs=-1000) == [("grief",)]


def test_copies_of_tags_keep_their_reasons():
    tags = tag("Grief after the loss of a partner in prairie voles.")
    for again in (copy.copy(tags), copy.deepcopy(tags)):
        assert again.explain().tags == tags


def test_tags_without_a_text_say_so():
    with pytest.raises(ValueError, match="without their text"):
        Tags(("grief",)).explain()
    assert Tags(("grief",))._repr_html_() is None


def test_a_model_of_nothing_but_its_scope_gives_no_tag(tagger):
    model = tagger.model
    scope = model.labels.index(model.scope)
    alone = dataclasses.replace(
        model,
        labels=(model.scope,),
        **{name: getattr(model, name)[[scope]] for name in ("intercept", "thresholds", "review")},
        coef=model.coef[:, [scope]],
    )
    tags = Tagger(alone).tag("Oxytocin in voles.")
    assert tags == ()
    assert tags.probabilities == {}
    assert tags.neuropeptide == pytest.approx(tagger.tag("Oxytocin in voles.").neuropeptide)


def test_tagging_imports_nothing_heavy():
    heavy = (
        "sklearn",
        "scipy",
        "pandas",
        "nltk",
        "joblib",
        "matplotlib",
        "click",
        "pathlib",
        "tempfile",
        "hashlib",
    )
    code = (
        "import sys; from otclass import tag; tag('grief'); "
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_domains_are_spelled_out_once():
    assert [domain.key for domain in DOMAINS] == list(DOMAIN_KEYS)
    assert all(domain.name and domain.meaning.endswith(".") for domain in DOMAINS)


def test_a_pasted_page_gets_the_tags_of_its_bare_abstract(tagger):
    import os
    from pathlib import Path

    from page_furniture import DEVELOPED, HELD_OUT

    corpus = Path(os.environ.get("OTCLASS_CORPUS", Path(__file__).parents[2] / "shared" / "corpus"))
    if not (corpus / "test.csv").is_file():
        pytest.skip("the corpus is not here")
    rows = pd.read_csv(corpus / "test.csv", dtype=str, keep_default_na=False)
    bare = tagger.tag(title=rows["title"], abstract=rows["abstract"])
    for layout in DEVELOPED + HELD_OUT:
        pages = [layout(row.title, row.abstract, seed) for seed, row in enumerate(rows.itertuples())]
        same = np.mean([set(a) == set(b) for a, b in zip(tagger.tag(pages), bare, strict=True)])
        assert same >= 0.98, f"{layout.__name__}: {same:.3f}"
