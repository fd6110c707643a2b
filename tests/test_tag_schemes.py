import itertools
import random
import warnings

import pytest
from seqeval.metrics.sequence_labeling import get_entities

from zoo import tag_schemes
from zoo.tag_schemes import SCHEMES, Span, TagSchemeError

# "Ann Lee, Bo met Cy in Rome": two touching persons, then a single one, then a place at the end.
ENTITIES = [Span("PER", 0, 2), Span("PER", 2, 3), Span("PER", 4, 5), Span("LOC", 6, 7)]
WRITTEN = {
    "io": "I-PER I-PER I-PER O I-PER O I-LOC",
    "binary": "1 1 1 0 1 0 1",
    "iob1": "I-PER I-PER B-PER O I-PER O I-LOC",
    "iob2": "B-PER I-PER B-PER O B-PER O B-LOC",
    "bioes": "B-PER E-PER S-PER O S-PER O S-LOC",
}


def random_entities(rng: random.Random, length: int) -> list[Span]:
    entities, position = [], 0
    while position < length:
        size = rng.randint(1, 4)
        if rng.random() < 0.6 and position + size <= length:
            entities.append(Span(rng.choice(["PER", "LOC", "creative-work"]), position, position + size))
        position += size
    return entities


def random_tags(rng: random.Random, prefixes: str) -> list[str]:
    tags = ["O", *(f"{prefix}-{kind}" for prefix in prefixes for kind in ("PER", "LOC"))]
    return [rng.choice(tags) for _ in range(rng.randint(0, 12))]


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("O", ("O", "")),
        ("0", ("O", "")),
        ("1", ("I", "ENTITY")),
        ("B-PER", ("B", "PER")),
        ("PER", ("I", "PER")),
        ("I-creative-work", ("I", "creative-work")),
        ("creative-work", ("I", "creative-work")),
        ("L-PER", ("E", "PER")),
        ("U-PER", ("S", "PER")),
        ("M-PER", ("I", "PER")),
        ("B", ("B", "ENTITY")),
        ("I-名", ("I", "名")),
    ],
)
def test_split(tag, expected):
    assert tag_schemes.split(tag) == expected


@pytest.mark.parametrize("tag", ["", "B-", " "])
def test_split_refuses_what_is_no_tag(tag):
    with pytest.raises(ValueError, match="is not a tag"):
        tag_schemes.split(tag)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_writing_by_hand_made_cases(scheme):
    assert tag_schemes.tags_of(ENTITIES, 7, scheme) == WRITTEN[scheme].split()


@pytest.mark.parametrize("scheme", ["iob1", "iob2", "bioes"])
def test_spans_are_the_inverse_of_tags_of(scheme):
    rng = random.Random(7)
    for _ in range(300):
        length = rng.randint(0, 15)
        entities = random_entities(rng, length)
        assert tag_schemes.spans(tag_schemes.tags_of(entities, length, scheme)) == entities


def test_spans_of_the_schemes_that_melt_touching_entities():
    assert tag_schemes.spans(WRITTEN["io"].split()) == [("PER", 0, 3), ("PER", 4, 5), ("LOC", 6, 7)]
    assert tag_schemes.spans(["PER", "PER", "LOC", "O", "LOC"]) == [("PER", 0, 2), ("LOC", 2, 3), ("LOC", 4, 5)]
    assert tag_schemes.spans(["1", "1", "0", "1", "1", "0", "0", "0", "0"]) == [("ENTITY", 0, 2), ("ENTITY", 3, 5)]


def test_spans_equal_seqeval_on_any_tags():
    rng = random.Random(11)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # seqeval warns of tags that it does not know
        for prefixes in ("I", "BI", "BIES"):
            for _ in range(1500):
                tags = random_tags(rng, prefixes)
                expected = [(kind, start, last + 1) for kind, start, last in get_entities(tags)]
                assert tag_schemes.spans(tags) == expected, tags


def test_bilou_and_bmes_are_read_as_bioes():
    bilou = ["B-PER", "I-PER", "L-PER", "O", "U-LOC"]
    bmes = ["B-PER", "M-PER", "E-PER", "O", "S-LOC"]
    assert tag_schemes.detect([bilou]) == tag_schemes.detect([bmes]) == "bioes"
    assert tag_schemes.convert(bilou, "bioes", "iob2") == ["B-PER", "I-PER", "I-PER", "O", "B-LOC"]
    assert tag_schemes.convert(bmes, "bioes", "iob2") == ["B-PER", "I-PER", "I-PER", "O", "B-LOC"]


@pytest.mark.parametrize(("source", "target"), list(itertools.product(["iob1", "iob2", "bioes"], SCHEMES)))
def test_convert(source, target):
    assert tag_schemes.convert(WRITTEN[source].split(), source, target) == WRITTEN[target].split()


@pytest.mark.parametrize(
    "entities", [[("PER", 0, 0)], [("PER", 2, 6)], [("PER", 0, 2), ("LOC", 1, 3)], [("PER", -1, 1)]]
)
def test_tags_of_refuses_impossible_spans(entities):
    with pytest.raises(ValueError, match="is empty, overlaps"):
        tag_schemes.tags_of(entities, 5, "iob2")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_detect_finds_what_was_written(scheme):
    rng = random.Random(3)
    # The hand-made sentence makes sure that touching entities, which tell iob1 from io, occur.
    sentences = [WRITTEN[scheme].split()]
    sentences += [tag_schemes.tags_of(random_entities(rng, 9), 9, scheme) for _ in range(20)]
    rng.shuffle(sentences)
    assert tag_schemes.detect(iter(sentences)) == scheme


@pytest.mark.parametrize(
    ("sentences", "scheme"),
    [
        (["O O", "O"], "iob2"),
        (["0 0", "0"], "binary"),
        (["O PER PER O", "LOC"], "io"),
        (["I-PER O I-PER"], "io"),
        (["B-PER O", "B-LOC"], "iob2"),
        (["S-PER O"], "bioes"),
        (["0 B-PER I-PER 0"], "iob2"),
        (["B I O", "B"], "iob2"),
        ([], "iob2"),
    ],
)
def test_detect_of_scarce_evidence(sentences, scheme):
    assert tag_schemes.detect(sentence.split() for sentence in sentences) == scheme


@pytest.mark.parametrize(
    ("sentences", "sentence", "token", "words"),
    [
        (["B-PER O", "O I-LOC"], 1, 1, "'I-LOC' after 'O' breaks scheme iob2"),
        (["I-PER O", "O O", "B-LOC O"], 2, 0, "iob2 was ruled out by 'I-PER' at the start of the sentence"),
        (["B-PER I-LOC"], 0, 1, "'I-LOC' after 'B-PER'"),
        (["B-PER E-PER", "B-PER O"], 1, 1, "breaks scheme bioes"),
        (["S-PER", "B-PER"], 1, 1, "'B-PER' at the end of the sentence breaks scheme bioes"),
        (["B-PER I-PER", "PRE O"], 1, 0, "'PRE' at the start of the sentence breaks scheme iob2"),
        (["I-PER O", "PER"], 1, 0, "breaks scheme io"),
        (["1 0", "O"], 1, 0, "breaks scheme binary"),
        (["B-PER 1"], 0, 1, "breaks scheme iob2"),
        (["O B-"], 0, 1, "'B-' is not a tag"),
    ],
)
def test_contradictions_name_the_place(sentences, sentence, token, words):
    with pytest.raises(TagSchemeError) as caught:
        tag_schemes.detect(text.split() for text in sentences)
    assert (caught.value.sentence, caught.value.token) == (sentence, token)
    assert words in str(caught.value)
    assert f"sentence {sentence}, token {token}" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_validate_holds_to_the_scheme_given():
    tag_schemes.validate([["B-PER", "I-PER"]], "iob2")
    tag_schemes.validate([["I-LOC", "B-PER", "E-LOC"]], "conlleval")
    with pytest.raises(TagSchemeError, match=r"sentence 1, token 0 .*breaks scheme iob2"):
        tag_schemes.validate([["O"], ["I-PER"]], "iob2")
    with pytest.raises(TagSchemeError, match="breaks scheme iob1"):
        tag_schemes.validate([["B-PER"]], "iob1")
    with pytest.raises(ValueError, match="unknown tag scheme 'bio'; allowed: io, binary"):
        tag_schemes.validate([], "bio")


def test_convert_refuses_broken_tags_unless_told_otherwise():
    broken = ["I-PER", "O", "B-LOC"]
    with pytest.raises(TagSchemeError, match="scheme='conlleval'"):
        tag_schemes.convert(broken, "iob2", "bioes")
    assert tag_schemes.convert(broken, "conlleval", "bioes") == ["S-PER", "O", "S-LOC"]


@pytest.mark.parametrize("scheme", ["iob1", "iob2", "bioes"])
def test_allowed_transitions_are_the_paths_that_validate(scheme):
    prefixes = "BIES" if scheme == "bioes" else "BI"
    tags = ["O", *(f"{prefix}-{kind}" for kind in ("PER", "LOC") for prefix in prefixes)]
    start, transition, end = tag_schemes.allowed_transitions(tags, scheme)
    for path in itertools.product(range(len(tags)), repeat=3):
        allowed = start[path[0]] and end[path[-1]] and all(transition[i][j] for i, j in itertools.pairwise(path))
        words = [tags[i] for i in path]
        # The independent definition: writing down the entities that are read gives the same tags again.
        assert allowed == (tag_schemes.tags_of(tag_schemes.spans(words), 3, scheme) == words), words


def test_allowed_transitions_of_iob2():
    start, transition, end = tag_schemes.allowed_transitions(["O", "B-PER", "I-PER", "B-LOC", "I-LOC"], "iob2")
    assert start == [True, True, False, True, False]
    assert transition[1] == [True, True, True, True, False]
    assert transition[0] == [True, True, False, True, False]
    assert end == [True] * 5


def test_allowed_transitions_of_the_free_schemes_and_of_foreign_tags():
    assert tag_schemes.allowed_transitions(["0", "1"], "binary") == ([True] * 2, [[True] * 2] * 2, [True] * 2)
    assert tag_schemes.allowed_transitions(["O", "I-PER"], "io") == ([True] * 2, [[True] * 2] * 2, [True] * 2)
    with pytest.raises(ValueError, match="tag 'S-PER' is not of scheme iob2"):
        tag_schemes.allowed_transitions(["O", "S-PER"], "iob2")
