import numpy as np
import pytest
import tensorflow as tf

from zoo.datasets import from_dialogues
from zoo.preprocessing.dialogues import DialogueCodec, DialogueVocabulary, learn_vocabulary

WORDS = ("a", "b", "c", "d", "e")  # 4 to 8
VOCABULARY = DialogueVocabulary(WORDS, acts=("ask", "tell"))


def test_turns_with_their_ends():
    turns = DialogueCodec(VOCABULARY).encode(tf.constant([["A b", "c"], ["d", ""]]))
    assert turns.token_ids.numpy().tolist() == [[[4, 5, 3], [6, 3, 0]], [[7, 3, 0], [0, 0, 0]]]
    assert turns.inputs.numpy().tolist() == [[[2, 4, 5], [2, 6, 0]], [[2, 7, 0], [0, 0, 0]]]
    assert turns.turn_mask.numpy().tolist() == [[True, True], [True, False]]
    assert turns.token_ids.dtype == turns.inputs.dtype == turns.words_cut.dtype == turns.turns_cut.dtype == tf.int32
    assert not turns.words_cut.numpy().any()
    assert not turns.turns_cut.numpy().any()


def test_ragged_and_padded_are_one_and_blank_turns_are_padding():
    codec = DialogueCodec(VOCABULARY)
    expected = codec.encode(tf.ragged.constant([["a b", "c"], ["d"]]))
    for padded in ([["a b", "c"], ["d", ""]], [["a b", " ", "c"], ["", "d", "\t"]]):
        for ours, theirs in zip(codec.encode(tf.constant(padded)), expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("turns", [[[""], [""]], np.zeros([2, 0], object).astype(str)], ids=["blank", "none"])
def test_empty_dialogues_have_no_turn_but_a_place_for_one(turns):
    codec = DialogueCodec(VOCABULARY, max_turns=2, max_words=2)
    encoded = codec.encode(tf.constant(turns, tf.string))
    assert encoded.token_ids.shape[:2] == (2, 1)
    assert encoded.token_ids.shape[2] >= 1
    assert not encoded.turn_mask.numpy().any()
    assert not encoded.token_ids.numpy().any()


def test_a_turn_without_words_is_a_turn():
    encoded = DialogueCodec(VOCABULARY).encode(tf.constant([["\u200b", "a"]]))
    assert encoded.token_ids.numpy().tolist() == [[[3, 0], [4, 3]]]
    assert encoded.inputs.numpy().tolist() == [[[2, 0], [2, 4]]]


def test_what_is_beyond_the_limits_is_left_out_and_counted():
    codec = DialogueCodec(VOCABULARY, max_turns=2, max_words=2)
    encoded = codec.encode(tf.constant([["e e e e", "a b c d", "a b"], ["a", "b c d", ""]]))
    # A turn that is cut has no end; one that just fits has.
    assert encoded.token_ids.numpy().tolist() == [[[4, 5, 0], [4, 5, 3]], [[4, 3, 0], [5, 6, 0]]]
    assert encoded.inputs.numpy().tolist() == [[[2, 4, 0], [2, 4, 5]], [[2, 4, 0], [2, 5, 0]]]
    assert encoded.turns_cut.numpy().tolist() == [1, 0]
    assert encoded.words_cut.numpy().tolist() == [2, 1]  # a turn's that is left out are not counted again


def test_huge_dialogues():
    long = " ".join(WORDS * 1000)
    encoded = DialogueCodec(VOCABULARY, max_turns=20, max_words=50).encode(tf.constant([["a"] * 499 + [long]]))
    assert encoded.token_ids.shape == (1, 20, 50)
    assert (int(encoded.turns_cut[0]), int(encoded.words_cut[0])) == (480, 4950)
    encoded = DialogueCodec(VOCABULARY).encode(tf.constant([[long, "a"]]))
    assert encoded.token_ids.shape == (1, 2, 5001)


def test_there_and_back():
    vocabulary = learn_vocabulary(from_dialogues([["It's he, isn't it?", "Yes (3.5%)."]]), lowercase=False)
    codec = DialogueCodec(DialogueVocabulary.from_dict(vocabulary.to_dict()), lowercase=False)
    assert codec.vocabulary == vocabulary
    encoded = codec.encode(tf.constant([["It's he, isn't it?", "Yes (3.5%)."]]))
    written = codec.decode(encoded.token_ids[0]).numpy()
    assert [text.decode() for text in written] == ["It's he, isn't it?", "Yes (3.5%)."]


def test_labels_stand_beside_their_turns():
    codec = DialogueCodec(VOCABULARY, max_turns=2)
    turns = tf.constant([["a", "b", "c"], ["a", "", "d"], ["a", "", ""]])
    labels = tf.constant([["?", "ask", "tell"], ["tell", "?", "ask"], ["ask", "", ""]])
    assert codec.encode_labels("acts", labels, turns).numpy().tolist() == [[0, 1], [1, 0], [0, -1]]
    assert "emotions" not in codec.labels
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"has not learnt \(it knows ask, tell"):
        codec.encode_labels("acts", tf.constant([["sing"]]), tf.constant([["a"]]))


def test_in_a_pipeline_of_numbers_alone():
    codec = DialogueCodec(VOCABULARY, max_words=3)
    records = from_dialogues([["a b c d", "c"], ["d", "a", "b"]], acts=[["ask", "tell"], ["tell", "ask", "tell"]])

    def tensors(batch):
        acts = codec.encode_labels("acts", batch["acts"], batch["turns"])
        return {**codec.encode(batch["turns"])._asdict(), "act_ids": acts}

    for batch in (records.padded_batch(2), records.ragged_batch(2)):
        dataset = batch.map(tensors)
        (numbers,) = dataset
        assert numbers["token_ids"].numpy().tolist() == [
            [[4, 5, 6], [6, 3, 0], [0] * 3],
            [[7, 3, 0], [4, 3, 0], [5, 3, 0]],
        ]
        assert numbers["act_ids"].numpy().tolist() == [[0, 1, -1], [1, 0, 1]]
        assert dataset.element_spec["token_ids"].shape.as_list() == [None, None, None]


def test_what_is_learnt_and_what_limits_cut_is_told(caplog):
    records = from_dialogues(
        [["The cat the dog", "THE cat"], ["a b c d e", "cat", "f"]],
        acts=[["10", "9"], ["9", "9", "9"]],
        emotions=[["joy", "calm"], ["joy", "joy", "joy"]],
    )
    learnt = learn_vocabulary(records, min_count=2, max_turns=2, max_words=3)
    assert learnt == DialogueVocabulary(("cat", "the"), acts=("9", "10"), emotions=("calm", "joy"))
    assert "1 of 2 dialogues are longer than max_turns=2 and lose their beginnings, 1 turns together" in caplog.text
    assert "1 of 4 turns are longer than max_words=3 and lose their ends, 1 words together" in caplog.text
    caplog.clear()
    assert learn_vocabulary(records, limit=1, lowercase=False, max_turns=9, max_words=9).words == ("cat",)
    assert not caplog.text
