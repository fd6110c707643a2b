import hashlib
import re
from collections import Counter

import pytest

from zoo import datasets
from zoo.datasets import dialogue_sample
from zoo.datasets.dialogue_sample_phrases import SCENES

SPLITS = ("train", "validation", "test")


def named(value, text):
    return value.lower() in re.findall(r"\w+", text.lower())


@pytest.mark.parametrize("split", SPLITS)
def test_the_reply_is_known_from_an_earlier_turn_alone(split):
    for dialogue in dialogue_sample.dialogues(split):
        said = [turn for turn, text in enumerate(dialogue.history) if named(dialogue.answer, text)]
        assert said, dialogue
        assert max(said) < dialogue.judged - 2, dialogue  # neither in the question nor in what it follows
        everywhere = {value for value in dialogue.alternatives for text in dialogue.turns if named(value, text)}
        assert everywhere == {dialogue.answer}, dialogue
        assert dialogue.answered_by(dialogue.turns[dialogue.judged])


@pytest.mark.parametrize("split", SPLITS)
def test_every_value_is_right_equally_often(split):
    counts = Counter((dialogue.alternatives, dialogue.answer) for dialogue in dialogue_sample.dialogues(split))
    assert len(counts) == 2 * len(SCENES) * 8
    assert set(counts.values()) == {dialogue_sample.SIZES[split] // len(counts)}


def test_a_guess_by_the_question_is_right_by_chance():
    train, test = dialogue_sample.dialogues("train"), dialogue_sample.dialogues("test")
    after: dict[str, Counter] = {}
    for dialogue in train:
        after.setdefault(dialogue.history[-1], Counter())[dialogue.turns[dialogue.judged]] += 1
    replies = [after.get(d.history[-1], Counter({"": 1})).most_common(1)[0][0] for d in test]
    assert dialogue_sample.context_accuracy(replies) < 2 * dialogue_sample.CHANCE
    assert dialogue_sample.context_accuracy([d.turns[d.judged] for d in test]) == 1.0


def combinations(split):
    """The two values of each dialogue, and the detail that is talked about first."""
    values = {value.lower() for scene in SCENES for matter in scene.matters for value in matter.values}
    details = {question for scene in SCENES for question, _ in scene.details}
    found = set()
    for dialogue in dialogue_sample.dialogues(split):
        words = re.findall(r"\w+", " ".join(dialogue.turns).lower())
        (first, *_) = (detail for turn in dialogue.turns for detail in details if turn.endswith(detail))
        found.add((frozenset(values.intersection(words)), first))
    return found


def test_no_combination_of_the_test_was_trained_on():
    train, validation, test = (combinations(split) for split in SPLITS)
    assert {len(pair) for pair, _ in train | validation | test} == {2}  # so no other phrase holds a value
    assert len({pair for pair, _ in test} - {pair for pair, _ in train}) < 5  # pairs alone are met
    assert train.isdisjoint(test)
    assert train.isdisjoint(validation)
    assert validation.isdisjoint(test)


@pytest.mark.parametrize("split", SPLITS)
def test_lengths_and_repetition(split):
    dialogues = dialogue_sample.dialogues(split)
    assert len(dialogues) == len({dialogue.turns for dialogue in dialogues}) == dialogue_sample.SIZES[split]
    assert {len(dialogue.turns) for dialogue in dialogues} == {5, 6, 7, 8, 9}
    assert all(len(dialogue.acts) == len(dialogue.turns) for dialogue in dialogues)
    assert {act for dialogue in dialogues for act in dialogue.acts} == {"inform", "question", "directive", "commissive"}


def test_turns_are_written_as_people_write():
    for dialogue in dialogue_sample.dialogues("train"):
        for text in dialogue.turns:
            assert not re.search(r"[<>]|  | [,.!?]|\ba [aeiou]|\ban [^aeiou]|^[a-z]|[.!?] [a-z]|[^.!?]$", text), text


def test_a_reply_must_name_the_value_and_no_other():
    dialogue = next(d for d in dialogue_sample.dialogues() if d.answer == "Vienna")
    assert dialogue.answered_by("to vienna , please .")
    assert not dialogue.answered_by("To Vienna or Paris.")
    assert not dialogue.answered_by("To Viennas.")
    assert not dialogue.answered_by("")


def test_every_python_writes_the_same_dialogues():
    written = "\n".join(repr(tuple(dialogue)) for split in SPLITS for dialogue in dialogue_sample.dialogues(split))
    assert (
        hashlib.sha256(written.encode()).hexdigest()
        == "68b8d66cbf785460fefda729045fccde76dc0f2744c198243c95dac7d22b20aa"
    )


def test_load():
    dataset = datasets.load("dialogue_sample", split="dev")
    dialogues = dialogue_sample.dialogues("validation")
    assert dataset.cardinality().numpy() == len(dialogues)
    first = next(dataset.as_numpy_iterator())
    assert tuple(turn.decode() for turn in first["turns"]) == dialogues[0].turns
    assert tuple(act.decode() for act in first["acts"]) == dialogues[0].acts
    assert datasets.splits("dialogue_sample") == SPLITS
    with pytest.raises(ValueError, match="the sample has no split 'tests'; it has train, validation, test"):
        datasets.load("dialogue_sample", split="tests")
    with pytest.raises(ValueError, match="2 replies to 512 dialogues; give one for each, in order"):
        dialogue_sample.context_accuracy(["a", "b"])
