import Stemmer
from hypothesis import given
from hypothesis import strategies as st

from otclass.text import (
    SENTENCE_END,
    STOP_WORDS,
    Lexicon,
    abbreviations,
    fold,
    spell_out,
    stem_of,
    tokenize,
    words,
)


def plain(text: str) -> list[str]:
    return [token.decode().lower() for token in tokenize(text)]


def test_greek_letters_are_spelled_out_as_authors_do_without_them():
    assert plain("β-endorphin and μ-opioid") == plain("beta-endorphin and mu-opioid")
    # Two signs look alike: micro and mu.
    assert plain("µ-opioid receptors") == plain("μ-opioid receptors") == plain("mu-opioid receptors")
    assert plain("TNFα") == ["tnf", "alpha"]


def test_micrograms_are_no_mu_receptor():
    assert "mu" not in plain("24 μg of oxytocin, 5 µM, 3 μmol and 2 µL")


def test_dashes_quotes_accents_and_ligatures_are_folded():
    assert plain("mother–infant") == plain("mother-infant") == plain("mother—infant") == ["mother", "infant"]
    assert plain("couple’s") == plain("couple's") == ["couples"]
    assert plain("naïve Müller oﬃce") == ["naive", "muller", "office"]
    assert fold("ﬁ") == b"fi"


def test_other_scripts_and_surrogates_part_words():
    assert plain("stress中文touch \ud800 grief") == ["stress", "touch", "grief"]


def test_sentences_end_at_stops_before_a_space_but_not_inside_numbers():
    assert words(b"One 0.05 two. Three? Four\nfive").count(SENTENCE_END) == 3


def test_stems_are_snowballs():
    for word in ("bereavement", "loneliness", "oxytocinergic", "synchronised", "touching"):
        assert stem_of(word.encode()) == Stemmer.Stemmer("english").stemWord(word)


def test_words_without_meaning_have_no_stem():
    assert [stem_of(word) for word in (b"the", b"THE", b"a", b"B2", b"24")] == [""] * 5
    assert "grief" not in STOP_WORDS


def test_an_abbreviation_counts_as_what_it_stands_for_in_its_own_text_only():
    assert plain("Oxytocin (OT) was given. OT calms.").count("oxytocin") == 3
    assert "therapy" in plain("Occupational therapy (OT). OT helped.")[-3:]
    assert plain("OT was given.") == ["ot", "was", "given"]


def test_abbreviations_of_various_makes():
    assert abbreviations(b"hypothalamic-pituitary-adrenal (HPA) axis") == {
        b"HPA": [b"hypothalamic", b"pituitary", b"adrenal"]
    }
    assert abbreviations(b"arginine vasopressin (AVP; i.n.)") == {b"AVP": [b"arginine", b"vasopressin"]}
    assert abbreviations(b"event-related potentials (ERPs)")[b"ERPs"] == [b"event", b"related", b"potentials"]
    assert abbreviations(b"in a cohort (Smith) and results (see Table)") == {}
    assert abbreviations(b"The end. Treatment (OT)") == {}


def test_spelling_out_replaces_each_place():
    tokens = [b"OT", b"and", b"OT"]
    spell_out(tokens, {b"OT": [b"o", b"t"]})
    assert tokens == [b"o", b"t", b"and", b"o", b"t"]


@given(st.text())
def test_any_text_folds_to_ascii_and_gives_words(text: str):
    assert fold(text).isascii()
    for token in tokenize(text):
        assert token == SENTENCE_END or token.isalnum()


@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_ascii_is_its_own_folding(text: str):
    assert fold(text) == text.encode()


@given(st.text(alphabet="aé βμgx-–’' .中", max_size=60))
def test_the_two_roads_meet(text: str):
    """Non-ASCII text gives the tokens of its ASCII writing."""
    assert tokenize(text) == tokenize(fold(text).decode())


def test_numbers_of_a_lexicon():
    lexicon = Lexicon(["griev", "oxytocin"])
    tokens = tokenize("Grieving the oxytocin. Unknownword")
    assert list(lexicon.numbers(tokens)) == [0, Lexicon.IGNORED, 1, Lexicon.END, Lexicon.UNKNOWN]


def test_a_lexicon_forgets_before_it_grows_large(monkeypatch):
    monkeypatch.setattr("otclass.text._MAX_REMEMBERED", 10)
    lexicon = Lexicon(["a"])
    many = [f"word{chr(97 + i // 26)}{chr(97 + i % 26)}".encode() for i in range(100)]
    assert list(lexicon.numbers(many)) == [Lexicon.UNKNOWN] * 100
    assert len(lexicon._seen) <= 10


def test_many_abbreviations_are_spelled_out_in_one_go():
    # Looked for one after the other these took half a minute.
    long_forms = {b"AB%d" % number: [b"long", b"form"] for number in range(2000)}
    tokens = [*long_forms, b"grief"] * 50
    spell_out(tokens, long_forms)
    assert tokens == ([b"long", b"form"] * 2000 + [b"grief"]) * 50
