import pytest

from zoo.decoding.sentences import Entity, TaggedSentence

TOKENS = ["Ann", "Lee", "met", "Bo", "in", "Oslo", "."]
TAGS = ["B-PER", "I-PER", "O", "B-PER", "O", "B-LOC", "O"]


def test_entities_have_text_place_and_the_lowest_score():
    sentence = TaggedSentence(TOKENS, TAGS, [0.9, 0.5, 0.1, 1.0, 0.2, 0.75, 0.3])
    assert sentence.entities == [
        Entity("PER", "Ann Lee", 0, 2, 0.5),
        Entity("PER", "Bo", 3, 4, 1.0),
        Entity("LOC", "Oslo", 5, 6, 0.75),
    ]


def test_tags_that_people_gave_are_certain():
    assert [entity.score for entity in TaggedSentence(TOKENS, TAGS).entities] == [1.0, 1.0, 1.0]


def test_printed_with_brackets():
    assert str(TaggedSentence(TOKENS, TAGS)) == "[Ann Lee PER] met [Bo PER] in [Oslo LOC] ."
    assert str(TaggedSentence(["Bo", "Ann"], ["B-PER", "B-PER"])) == "[Bo PER] [Ann PER]"
    assert str(TaggedSentence(["a", "b"], ["O", "O"])) == "a b"


def test_binary_tags_are_entities_without_a_type_of_their_own():
    sentence = TaggedSentence(["a", "b", "c", "d"], ["1", "1", "0", "1"])
    assert [(entity.type, entity.text) for entity in sentence.entities] == [("ENTITY", "a b"), ("ENTITY", "d")]


def test_no_tokens():
    sentence = TaggedSentence([], [], [])
    assert sentence.entities == []
    assert str(sentence) == ""


def test_records_hold_bytes_that_may_not_be_text():
    record = {"tokens": [b"na\xc3\xafve", b"\xff"], "tags": [b"B-PER", b"O"], "text": b"unused"}
    assert TaggedSentence.from_record(record) == TaggedSentence(["naïve", "\ufffd"], ["B-PER", "O"])


def test_judged_keeps_everything_else_and_the_original():
    sentence = TaggedSentence(["Bo"], ["O"], [0.75])
    judged = sentence.judged(["B-PER"])
    assert judged == TaggedSentence(["Bo"], ["O"], [0.75], ["B-PER"])
    assert sentence.gold is None
    assert judged.entities == []


def test_a_printed_sentence_leaves_its_tokens_alone():
    sentence = TaggedSentence(list(TOKENS), TAGS)
    str(sentence)
    assert sentence.tokens == TOKENS
    with pytest.raises(AttributeError):
        sentence.tokens = []
