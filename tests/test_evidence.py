import copy
import json
import pickle
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from otclass.cleaning import clean
from otclass.evidence import COLORS, place_tokens, strongest_terms
from otclass.modelfile import Model
from otclass.scoring import Terms
from otclass.tagger import Tagger
from otclass.text import SENTENCE_END, tokenize

STEMS = "bereav beta cortisol endorphin grief loneli naloxon oxytocin social touch [opioid]".split()
NUMBER = {stem: number for number, stem in enumerate(STEMS)}
TERMS = {
    # Coefficients for grief, opioid_interaction, neuropeptide.
    "grief": (9.0, -1.0, 0.0),
    "bereav": (6.0, 0.0, -2.0),
    "loneli": (5.0, 0.5, 0.0),
    "cortisol": (-3.0, 0.5, 1.0),
    "oxytocin": (-1.0, 1.0, 8.0),
    "touch": (-2.0, -2.0, 0.0),
    "[opioid]": (-1.0, 7.0, 4.0),
    "social touch": (-4.0, 0.5, 0.0),
    "beta endorphin": (0.0, 3.0, 2.0),
    "grief & oxytocin": (2.0, 0.0, 1.0),
    "oxytocin & [opioid]": (0.0, 8.0, 1.0),
}


def small_model(**changes) -> Model:
    numbers = {term: [NUMBER[stem] for stem in re.split(" & | ", term)] for term in TERMS}
    unigrams = [stems[0] for stems in numbers.values() if len(stems) == 1]
    bigrams = [stems for term, stems in numbers.items() if len(stems) == 2 and "&" not in term]
    pairs = [stems for term, stems in numbers.items() if "&" in term]
    classes = [[NUMBER["endorphin"], NUMBER["[opioid]"]], [NUMBER["naloxon"], NUMBER["[opioid]"]]]
    terms = Terms(NUMBER, *(np.array(part, dtype=np.int64) for part in (unigrams, bigrams, pairs, classes)))
    values = {
        "labels": ("grief", "opioid_interaction", "neuropeptide"),
        "terms": terms,
        "idf": np.linspace(1.5, 6.5, len(terms)),
        "coef": np.array([TERMS[name] for name in terms.names()], dtype=np.float32),
        "intercept": np.array([-3.0, -4.0, -1.0]),
        "thresholds": np.array([0.5, 0.4, 0.5]),
        "review": np.array([[0.2, 0.8], [0.1, 0.7], [0.4, 0.6]]),
        "scope": "neuropeptide",
    }
    return Model(**(values | changes))


MODEL = small_model()


@pytest.fixture(scope="module")
def tagger() -> Tagger:
    return Tagger(MODEL)


def occurrences(explanation, domain: str, term: str) -> list[list[str]]:
    """What stands in the original text where a term occurs."""
    (found,) = (found for found in explanation.domains[domain].terms if found.term == term)
    return [[explanation.source[start:end] for start, end in spans] for spans in found.occurrences]


VOCABULARY = st.sampled_from(
    """
    grief Grief's bereaved bereavement loneliness lonely cortisol oxytocin OT (OT) (OT), β-endorphin beta
    endorphin naloxone naloxone' social touch touched the of and social-touch. grief; ? ! . 5 μg µmol GRIEF
    <b> </b> <i>grief</i> &beta;-endorphin &amp;beta; gri&shy;ef loneli\u00adness bereav\u0301ed
    ﬁ naloxone\n\x01 ' \x01' <script>alert(1)</script> &lt;script&gt; Abstract: 中 𝛃 ½
    """.split()
)
TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(VOCABULARY, max_size=40).map(" ".join),
    st.lists(st.one_of(VOCABULARY, st.text(max_size=4)), max_size=30).map("".join),
    st.text(alphabet="OTotxyc inp(.);'\n\x01µμgé\u0301", max_size=60),
)


class TestPlaceTokens:
    @given(TEXTS)
    @example("oxytocin (OT) and occupational therapy (OT). OT's 'OT' \x01 a\x01b '\x01'")
    @example("µµg µ μg. x?. y\n")
    @example("Endorphin Oxytocin (EO), Oxytocin Trial (OT). EO OT")
    def test_words_are_the_tokenizers(self, text):
        tokens = place_tokens(text)
        assert [token.word for token in tokens] == tokenize(text)
        ends = [0]
        for word, (start, end) in tokens:
            assert 0 <= start <= end <= len(text)
            assert start < end or word == SENTENCE_END
            assert end >= ends[-1]
            ends.append(end)

    @given(st.lists(st.from_regex(r"[A-Za-z]{1,8}", fullmatch=True)))
    def test_plain_words_stand_where_they_stand(self, plain):
        text = "-".join(plain)
        assert [text[slice(*token.span)] for token in place_tokens(text)] == plain

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("β-endorphin 5 μg", ["β", "endorphin", "5", "μg"]),
            ("Le\u0301vy's naïve 'rats'", ["Le\u0301vy's", "naïve", "rats"]),
            ("oxytocin (OT) OT", ["oxytocin", "OT", "OT"]),
            ("Occupational therapy (OT)", ["Occupational", "therapy", "OT", "OT"]),
        ],
    )
    def test_spans(self, text, expected):
        assert [text[slice(*token.span)] for token in place_tokens(text)] == expected


class TestSums:
    @given(TEXTS)
    def test_terms_and_sentences_sum_to_the_score(self, text):
        tagger = Tagger(MODEL)
        tags = tagger.tag(text)
        for key, domain in tags.explain().domains.items():
            by_term = domain.intercept + sum(term.contribution for term in domain.terms)
            by_sentence = domain.intercept + sum(sentence.contribution for sentence in domain.sentences)
            assert 1 / (1 + np.exp(-by_term)) == pytest.approx(tags.probabilities[key], abs=1e-6)
            assert by_term == pytest.approx(domain.score, abs=1e-9)
            assert by_sentence == pytest.approx(domain.score, abs=1e-9)
            for term in domain.terms:
                assert term.contribution == pytest.approx(term.weight * term.coefficient)

    @given(TEXTS)
    def test_every_occurrence_is_found_and_in_range(self, text):
        model = MODEL
        counts = model.terms.count([tokenize(clean(text))])
        times = dict(zip(np.array(model.terms.names())[counts.term].tolist(), counts.times, strict=True))
        explanation = Tagger(model).explain(text)
        for domain in explanation.domains.values():
            assert {term.term: len(term.occurrences) for term in domain.terms} == times
            for term in domain.terms:
                for start, end in (span for spans in term.occurrences for span in spans):
                    assert 0 <= start < end <= len(text)
            for sentence in domain.sentences:
                assert 0 <= sentence.span.start < sentence.span.end <= len(text)

    @given(TEXTS)
    def test_same_as_the_classifier_of_many(self, text):
        tagger = Tagger(MODEL)
        explanation = tagger.explain(text)
        assert explanation.tags == tuple(tagger.tag([text])[0])
        assert explanation.review == tagger.tag(text).review

    def test_a_trained_model(self, fitted, labelled):
        tagger = Tagger(fitted.model_)
        for text in labelled[0][:20]:
            probabilities = tagger.tag(text).probabilities
            for key, domain in tagger.explain(text).domains.items():
                total = domain.intercept + sum(term.contribution for term in domain.terms)
                assert 1 / (1 + np.exp(-total)) == pytest.approx(probabilities[key], abs=1e-6)


class TestSpans:
    def test_stem_entity_markup_and_soft_hyphen(self, tagger):
        text = "<p>Bereaved &amp; lonely: gri&shy;ef, <b>loneliness</b>, bereavement&rsquo;s grief.</p>"
        explanation = tagger.explain(text)
        assert occurrences(explanation, "grief", "grief") == [["gri&shy;ef"], ["grief"]]
        assert occurrences(explanation, "grief", "bereav") == [["Bereaved"], ["bereavement&rsquo;s"]]
        assert occurrences(explanation, "grief", "loneli") == [["loneliness"]]

    def test_abbreviation(self, tagger):
        explanation = tagger.explain("We gave oxytocin (OT). OT and grief.")
        assert occurrences(explanation, "grief", "oxytocin") == [["oxytocin"], ["OT"], ["OT"]]
        assert occurrences(explanation, "grief", "grief & oxytocin") == [["OT", "grief"]]

    def test_word_class_and_pair(self, tagger):
        explanation = tagger.explain("Naloxone, oxytocin and β-endorphin. Naloxone.")
        domain = "opioid_interaction"
        assert occurrences(explanation, domain, "[opioid]") == [["Naloxone"], ["endorphin"], ["Naloxone"]]
        pair = occurrences(explanation, domain, "oxytocin & [opioid]")
        assert pair == [["Naloxone", "oxytocin", "endorphin"]]
        (term,) = (term for term in explanation.domains[domain].terms if term.term == "[opioid]")
        assert term.words == ("Naloxone", "endorphin")

    @pytest.mark.parametrize("text", ["&beta;-endorphin", "&amp;beta;-endorphin", "<i>&beta;</i>-endorphin"])
    def test_bigram_from_first_to_last_word(self, tagger, text):
        explanation = tagger.explain(f"Plasma {text} and the social and the touch. Social. Touch.")
        assert occurrences(explanation, "grief", "social touch") == [["social and the touch"]]
        ((found,),) = occurrences(explanation, "opioid_interaction", "beta endorphin")
        assert found == text.removeprefix("<i>")

    def test_greek_entity_ends_at_its_semicolon(self):
        model = small_model(coef=np.ones((len(TERMS), 3), dtype=np.float32))
        explanation = Tagger(model).explain("<b>naloxone &amp; grie&#102;</b> end")
        assert occurrences(explanation, "grief", "grief") == [["grie&#102;"]]

    def test_title_and_abstract_are_one_source(self, tagger):
        explanation = tagger.explain(title="<b>Grief</b>", abstract="Of grief &amp; <i>loneliness</i>.")
        assert explanation.source == "<b>Grief</b>\nOf grief &amp; <i>loneliness</i>."
        assert occurrences(explanation, "grief", "grief") == [["Grief"], ["grief"]]
        assert occurrences(explanation, "grief", "loneli") == [["loneliness"]]

    def test_page_furniture_has_no_sentence(self, tagger):
        page = "Skip to main content\n\nAbstract\nGrief (of all) hurts. Loneliness too."
        sentences = tagger.explain(page).domains["grief"].sentences
        assert [sentence.text for sentence in sentences] == ["Grief (of all) hurts.", "Loneliness too."]


class TestDomainEvidence:
    def test_sentences_ranked_with_shared_contribution(self, tagger):
        grief = tagger.explain("Touch (here). Grief of the bereaved. Grief.").domains["grief"]
        assert [s.text for s in grief.sentences] == ["Grief of the bereaved.", "Grief.", "Touch (here)."]
        by_term = {term.term: term.contribution for term in grief.terms}
        assert grief.sentences[0].contribution == pytest.approx(by_term["grief"] / 2 + by_term["bereav"])
        assert grief.sentences[1].contribution == pytest.approx(by_term["grief"] / 2)

    def test_for_and_against(self, tagger):
        grief = tagger.explain("Grief, touch, cortisol, loneliness.").domains["grief"]
        assert {term.term for term in grief.supporting} == {"grief", "loneli"}
        assert {term.term for term in grief.opposing} == {"touch", "cortisol"}
        strengths = [term.contribution for term in grief.supporting]
        assert strengths == sorted(strengths, reverse=True)
        assert grief.opposing[0] == grief.terms[-1]

    def test_missing_terms_gain_what_adding_them_gains(self, tagger):
        text = "Touch and loneliness of widows."
        grief = tagger.explain(text).domains["grief"]
        assert not grief.tagged
        assert grief.margin == pytest.approx(grief.score - 0.0)
        assert [missing.term for missing in grief.missing][:2] == ["grief", "bereav"]
        for missing, word in zip(grief.missing[:2], ("grief", "bereavement"), strict=True):
            longer = tagger.explain(f"{text} {word}").domains["grief"]
            assert longer.score - grief.score == pytest.approx(missing.gain)
            assert longer.tagged == missing.suffices
        assert all(missing.term != "loneli" for missing in grief.missing)

    def test_nothing_is_missing_from_a_tag(self, tagger):
        grief = tagger.explain("Grief, bereavement").domains["grief"]
        assert grief.tagged
        assert grief.missing == ()
        assert "over it" in grief.reason

    def test_review_says_why(self, tagger):
        explanation = tagger.explain("Loneliness and touch and bereavement.")
        grief = explanation.domains["grief"]
        assert explanation.review == ("grief",)
        assert grief.in_review
        assert "between 0.20 and 0.80" in grief.reason
        assert f"terms for it weigh {sum(t.contribution for t in grief.supporting):.1f}" in grief.reason

    @pytest.mark.parametrize("threshold", [0.0, 1.0])
    def test_extreme_thresholds(self, tagger, threshold):
        explanation = tagger.explain("Grief.", thresholds=threshold)
        assert explanation.domains["grief"].tagged == (threshold == 0.0)
        json.dumps(explanation.to_dict(), allow_nan=False)
        assert explanation.text(color=False)

    def test_thresholds_of_the_call_are_explained(self, tagger):
        tags = tagger.tag("Grief.", thresholds={"grief": 0.125})
        assert tags.explain().domains["grief"].threshold == 0.125


class Page(HTMLParser):
    """Collects a page's text and tags."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.said = ""
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.said += data


class TestViews:
    @given(TEXTS, st.integers(1, 200))
    def test_never_fail_and_stay_plain(self, text, width):
        explanation = Tagger(MODEL).explain(text)
        plain = explanation.text(color=False, width=width)
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", plain)
        assert re.sub(r"\x1b\[[0-9;]*m", "", explanation.text(color=True, width=width)) == plain
        page = Page(explanation._repr_html_())
        assert not page.open
        assert set(page.tags) <= set(
            "div p span mark small details summary table caption thead tbody tr th td ol li br".split()
        )
        assert {name for name, _ in page.attributes} <= {
            "style",
            "title",
            "role",
            "aria-label",
            "scope",
            "lang",
        }
        json.dumps(explanation.to_dict(), allow_nan=False)

    def test_script_stays_text(self, tagger):
        text = "Grief: <script src='x' and \"loneliness\" <img src=x onerror=y &amp;lt;"
        assert "<script src='x'" in clean(text)
        page = tagger.tag(text)._repr_html_()
        assert "<script" not in page
        assert "<img" not in page
        assert "<script src='x' and \"loneliness\" <img src=x onerror=y" in Page(page).said

    def test_hostile_names_in_a_model_stay_text(self):
        model = small_model()
        stems = [stem if stem != "[opioid]" else "<script>" for stem in model.terms.lexicon.stems]
        terms = Terms(
            stems, model.terms.unigrams, model.terms.bigrams, model.terms.pairs, model.terms.classes
        )
        labels = ("<b>grief\x1b[31m", "<script>", "neuropeptide")
        explanation = Tagger(small_model(terms=terms, labels=labels)).explain("Naloxone and oxytocin. Grief.")
        page = explanation._repr_html_()
        assert "<script" not in page
        assert "<b>" not in page
        assert "<script>" in Page(page).said
        assert "\x1b" not in explanation.text(color=False)

    def test_html_marks_and_says(self, tagger):
        page = tagger.tag("Grief and loneliness. Naloxone & oxytocin.")._repr_html_()
        for color in COLORS[:2]:
            assert f"{color.line} rgb{color.rgb}".replace(", ", ",") in page
        said = Page(page).said
        assert "Grief: the evidence" in said
        assert "Log-odds" in said
        assert re.search(r"<mark title=\"Grief\"[^>]*>Grief</mark>", page)

    def test_terminal_colours_what_carried(self, tagger):
        colored = tagger.explain("Grief and loneliness came.").text(color=True)
        assert f"\x1b[38;5;{COLORS[0].ansi}m" in colored
        assert re.search(r"m\x1b\[1m\x1b\[4mGrief\x1b\[0m and ", colored)
        assert repr(tagger.explain("Grief came.")) == tagger.explain("Grief came.").text(color=False)

    def test_terminal_width(self, tagger):
        text = "Grief and loneliness of the bereaved. " * 6 + "Oxytocin, naloxone and cortisol; social touch."
        plain = tagger.explain(text).text(color=False, width=60)
        assert max(map(len, plain.splitlines())) <= 60

    def test_json_names_each_span(self, tagger):
        given = json.loads(json.dumps(tagger.explain("Grief &amp; touch. Oxytocin.").to_dict()))
        assert given["tags"] == []
        (grief,) = (domain for domain in given["domains"] if domain["domain"] == "grief")
        assert grief["intercept"] + sum(
            term["contributions"]["grief"] for term in given["terms"]
        ) == pytest.approx(grief["score"])
        (start, end) = next(t for t in given["terms"] if t["term"] == "touch")["occurrences"][0][0]
        assert given["text"][start:end] == "touch"


class TestTagger:
    def test_explain_takes_one_text(self, tagger):
        for wrong in (["Grief."], None, 3, b"Grief."):
            with pytest.raises(TypeError):
                tagger.explain(wrong)
        with pytest.raises(TypeError):
            tagger.explain(title="Grief")
        with pytest.raises(TypeError, match="one by one"):
            tagger.explain(title=["Grief"], abstract=["Grief"])

    def test_tags_explain_as_the_tagger_does(self, tagger):
        text = "Grief &amp; touch."
        assert tagger.tag([text, ""])[0].explain().to_dict() == tagger.explain(text).to_dict()

    def test_pickled_tags_leave_the_model_behind(self, tagger):
        tags = tagger.tag("Grief.")
        pickled = pickle.dumps(tags)
        assert len(pickled) < 1000
        again = pickle.loads(pickled)
        assert again == tags
        assert again.probabilities == tags.probabilities
        assert again._repr_html_() is None
        with pytest.raises(ValueError, match=r"Tagger\.explain"):
            again.explain()
        assert copy.copy(tags).review == tags.review

    def test_terms(self, tagger):
        terms = tagger.terms("grief", n=3)
        assert len(terms) == 6
        weights = [weight for _, weight in terms]
        assert weights == sorted(weights, reverse=True)
        assert [term for term, _ in terms[:2]] == ["grief", "bereav"]
        assert weights[2] > 0 > weights[3]
        assert tagger.terms("grief", n=0) == []
        everything = tagger.terms("grief", n=10**6)
        assert len({term for term, _ in everything}) == len(everything)
        assert "beta endorphin" not in dict(everything)
        assert tagger.terms("neuropeptide", n=1)[0][0] == "oxytocin"

    def test_terms_of_what_is_no_domain(self, tagger):
        with pytest.raises(ValueError, match=r"greif.*it knows grief"):
            tagger.terms("greif")
        with pytest.raises(ValueError, match="0 or more"):
            strongest_terms(tagger.model, "grief", -1)

    def test_plot_terms(self, tagger):
        matplotlib = pytest.importorskip("matplotlib")
        matplotlib.use("Agg")
        from matplotlib import pyplot as plt

        axes = tagger.plot_terms("grief", n=2)
        labels = [label.get_text() for label in axes.get_yticklabels()]
        widths = [bar.get_width() for bar in axes.patches]
        assert list(zip(labels, widths, strict=True)) == tagger.terms("grief", n=2)
        assert axes.get_title() == "Grief"
        axes.figure.canvas.draw()
        plt.close(axes.figure)
