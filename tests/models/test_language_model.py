import math

import numpy as np
import pytest
import tensorflow as tf

import zoo
from zoo.datasets import from_plain_texts, from_texts

TINY = {
    "embedding_dim": 8, "units": 16, "window": 8, "batch_size": 4, "epochs": 40, "dropout": 0.0, "min_count": 1,
    "learning_rate": 0.02, "final_learning_rate": 0.3,
}  # fmt: skip
LINES = ["the cat sat on the mat", "the dog sat on the log", "a bird"]


@pytest.fixture(scope="module")
def model():
    """A model that knows three lines by heart."""
    task = zoo.get("lstm_char_lm", layout="texts", **{**TINY, "epochs": 2, "window": 32})
    task.fit(LINES * 240, verbose=0)  # to begin an epoch costs as much as many steps
    return task


def log_probability_by_hand(model, text):
    """Sums log P of each character and of the end, one step at a time."""
    ids = [4 + model.vocabulary.tokens.index(c) if c in model.vocabulary.tokens else 1 for c in text]
    states, total = model.decoder.get_initial_state(1), 0.0
    for read, wanted in zip([2, *ids], [*ids, 3], strict=True):
        logits, states = model.decoder.step(tf.constant([read]), states)
        total += float(tf.nn.log_softmax(logits)[0, wanted])
    return total


def test_a_score_is_the_sum_over_the_characters_and_the_end(model):
    texts = ["the cat sat on the mat", "the mat", "", "zebra"]
    for text, scored in zip(texts, model.score(texts), strict=True):
        assert scored.log_probability == pytest.approx(log_probability_by_hand(model, text), abs=1e-3)
        assert len(scored.token_log_probabilities) == len(text) + 1
        bits = -scored.log_probability / math.log(2) / max(len(text), 1)
        assert scored.bits_per_character == pytest.approx(bits)
    assert model.score(["zebra"])[0].unknown == 1  # the z
    assert (
        model.score(["the cat sat on the mat"])[0].log_probability
        > model.score(["the cat sat on the tam"])[0].log_probability
    )


def test_evaluate_and_score_mean_the_same_bits(model):
    texts = [*LINES, "a log", "the bird sat"]
    scored = model.score(texts)
    nats = -sum(one.log_probability for one in scored)
    bits = model.evaluate(texts, return_dict=True, verbose=0)["bits_per_character"]
    assert bits == pytest.approx(nats / math.log(2) / sum(map(len, texts)), rel=1e-4)


def test_what_is_never_written_counts_in_the_probability():
    task = zoo.get("lstm_char_lm", **{**TINY, "epochs": 1})
    task.fit(["abc" * 30], verbose=0)  # has learnt next to nothing
    written = task.generate("a", length=5, seed=1)
    assert not written.ended
    both, before = task.score(["a" + written.text, "a"])
    gained = sum(both.token_log_probabilities[:-1]) - sum(before.token_log_probabilities[:-1])
    assert written.log_probability == pytest.approx(gained, abs=1e-3)


def test_long_texts_are_scored_a_window_at_a_time(model, monkeypatch):
    texts = ["the cat sat on the mat " * 20, "a bird"]
    whole = model.score(texts)
    monkeypatch.setattr("zoo.models.language.text_probability._NUMBERS", 3000)
    again = model.__class__.from_config(model.get_config())  # its graph is traced anew
    again.set_weights(model.get_weights())
    for one, other in zip(whole, again.score(texts), strict=True):
        np.testing.assert_allclose(one.token_log_probabilities, other.token_log_probabilities, atol=1e-4)


def test_what_was_learnt_by_heart_is_written(model):
    assert str(model.generate("the cat", length=60, temperature=0.0)) == LINES[0]
    written = model.generate(["the dog", "a"], length=60, temperature=0.0)
    assert [str(one) for one in written] == LINES[1:]
    assert all(one.ended for one in written)
    whole, begun = model.score([LINES[1], "the dog"])
    rest = sum(begun.token_log_probabilities[:-1])
    assert written[0].log_probability == pytest.approx(whole.log_probability - rest, abs=1e-3)


def test_the_same_seed_writes_the_same_text_and_another_seed_another(model):
    def written(**settings):
        return model.generate(["", "t"], length=30, temperature=1.5, **settings)

    assert written(seed=1) == written(seed=1)
    assert written(seed=1) != written(seed=2)
    assert [str(one) for one in written(top_k=1)] == [str(o) for o in model.generate(["", "t"], 30, temperature=0.0)]
    assert written(top_p=0.0) == written(top_k=1)
    assert len(written(seed=3)[0].text) <= 30
    assert model.generate([]) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"length": 0}, "length must be between 1"),
        ({"temperature": -0.1}, "temperature must be between 0"),
        ({"top_p": 1.5}, "top_p must be between 0"),
        ({"top_k": -1}, "top_k must be between 0"),
        ({"label": "x"}, "no label 'x'; the model knows none, since it learnt texts without labels"),
        ({"seed": 2**63}, "seed must be between"),
        ({"length": 10**9}, "length must be between"),
    ],
)
def test_generate_says_what_it_cannot_do(model, arguments, message):
    with pytest.raises(ValueError, match=message):
        model.generate("the", **arguments)


def test_what_is_of_another_type_is_refused(model):
    with pytest.raises(TypeError, match="texts must be strings"):
        model.generate([3])
    for wrong in ({"length": 2.5}, {"temperature": "warm"}, {"seed": 1.5}):
        with pytest.raises(TypeError, match=f"generate: {next(iter(wrong))} must be"):
            model.generate("the", **wrong)
    with pytest.raises(TypeError, match="or a list of texts"):
        model.fit({"text": ["the cat"]})
    with pytest.raises(TypeError, match="takes a list of texts"):
        model.score({"text": ["the cat"]})
    for label in (None, "x"):
        with pytest.raises(TypeError, match=r"score takes a list of texts, not str: write \['abc'\]"):
            model.score("abc", label)
    assert model.generate("the", length=np.int64(3), seed=1) == model.generate("the", length=3, seed=1)
    with pytest.raises(TypeError, match="or a list of texts"):
        model.fit("the cat")


def test_windows_go_on_from_each_other():
    task = zoo.get("lstm_char_lm", **{**TINY, "epochs": 1})
    records = task.records(["abcdefgh" * 12])
    task.adapt(records)
    windows = [x for x, _ in task.batches(records, training=False, batch_size=3)]
    assert [bool(x["fresh"][0]) for x in windows] == [True, *[False] * (len(windows) - 1)]
    together = {name: tf.concat([x[name] for x in windows], axis=1) for name in ("token_ids", "padding_mask")}
    whole, _ = task.decoder(together["token_ids"], mask=together["padding_mask"])
    real = together["padding_mask"].numpy()
    for _ in range(2):  # the first window of the second round forgets the last one of the first
        parts = [task(x) for x in windows]
        np.testing.assert_allclose(tf.concat(parts, axis=1)[real], whole[real], atol=1e-5)
    lost = task({**windows[1], "fresh": tf.fill([3], True)})
    first = windows[0]["token_ids"].shape[1]
    assert np.abs(lost - whole[:, first : first + lost.shape[1]]).max() > 1e-4


def test_evaluation_reads_what_comes_before_each_stream():
    task = zoo.get("lstm_char_lm", **{**TINY, "epochs": 1})
    records = from_plain_texts(["abcdefgh" * 20, "hgfedcba" * 3])
    task.fit(records, verbose=0)
    for rows in (1, 3, 4):
        judged = [int(np.sum(y > 0)) for _, y in task.batches(task.records(records), training=False, batch_size=rows)]
        assert sum(judged) == task.examples(task.records(records)) == 8 * 23 + 2
    alone = task.evaluate(records, batch_size=1, return_dict=True, verbose=0)["loss"]
    assert task.evaluate(records, batch_size=3, return_dict=True, verbose=0)["loss"] == pytest.approx(alone, rel=0.01)


def test_the_order_of_windows_is_a_function_of_seed_and_epoch():
    task = zoo.get("lstm_char_lm", **TINY)
    records = task.records(["abcdefgh" * 30])
    task.adapt(records)
    batches = task.batches(records, training=True)  # made once, as in fit

    def epoch(number):
        task._epoch.assign(number)
        return [x["token_ids"].numpy().tolist() for x, _ in batches]

    first, second = epoch(0), epoch(1)
    assert first != second
    assert epoch(0) == first


def test_labels_begin_texts():
    texts, labels = ["1111", "2222", "1111", "2222"] * 40, ["one", "two", "one", "two"] * 40
    task = zoo.get("lstm_char_lm", **{**TINY, "epochs": 2})
    task.fit(texts * 3, labels * 3, verbose=0)
    assert not task.in_streams
    assert [one.text for one in task.generate(["", ""], 10, temperature=0.0, label=["two", "one"])] == ["2222", "1111"]
    right, wrong = task.score(["1111", "1111"], ["one", "two"])
    assert right.log_probability > wrong.log_probability + 1.0
    with pytest.raises(ValueError, match=r"begin with a label; name one of one, two"):
        task.generate("1")
    with pytest.raises(ValueError, match=r"use score\(texts, labels\)"):
        task.score(["1111"])
    with pytest.raises(ValueError, match="no label 'three'; the model knows one, two"):
        task.score(["1111"], ["three"])
    with pytest.raises(ValueError, match="has learnt texts with labels, and these are without"):
        task.evaluate(["1111"], verbose=0)
    assert task.score(["", "1111"], "one")[1] == right
    assert task.score([], []) == []
    records = from_texts(["1111"], ["one"])
    numbered = zoo.get("lstm_char_lm", **TINY)
    numbered.adapt(tf.data.Dataset.from_tensor_slices({"text": ["1111"] * 3, "label": [10, 2, 2]}))
    assert numbered.vocabulary.labels == ("2", "10")
    assert task.score(records) == [right]
    with pytest.raises(ValueError, match="a dataset's records bring their labels"):
        task.score(records, labels="two")
    with pytest.raises(ValueError, match="no label can begin one"):
        zoo.get("lstm_char_lm", **{**TINY, "layout": "streams"}).fit(texts, labels, verbose=0)


def test_words():
    task = zoo.get("lstm_word_lm", **{**TINY, "layout": "texts", "epochs": 2})
    lines = ["The cat sat, didn't it?", "Dogs bark."]
    task.fit(lines * 160, verbose=0)
    assert str(task.generate("The cat", length=20, temperature=0.0)) == lines[0]
    scores = task.evaluate(lines, return_dict=True, verbose=0)
    assert scores["perplexity"] == pytest.approx(math.exp(scores["loss"]), rel=1e-4)
    scored = task.score(lines)
    nats = sum(one.log_probability for one in scored) / sum(len(one.token_log_probabilities) for one in scored)
    assert scores["loss"] == pytest.approx(-nats, rel=1e-3)
    assert task.score(["The cow sat"])[0].unknown == 1


@pytest.mark.parametrize("frozen", [True, False])
def test_words_start_from_a_file_of_vectors(tmp_path, frozen):
    path = tmp_path / "vectors.txt"
    path.write_text("<unk> 9 9 9\ncat 1 2 3\nCow 7 8 9\ncow 4 5 6\n")
    settings = {
        **TINY, "embedding_dim": 3, "layout": "texts", "epochs": 1, "lowercase": True, "tied": False,
        "word_vectors": str(path), "train_word_vectors": not frozen,
    }  # fmt: skip
    task = zoo.get("lstm_word_lm", **settings)
    task.fit(["the cat sat"] * 8, verbose=0)
    tokens, embeddings = task.vocabulary.tokens, task.decoder.embeddings.numpy()
    assert set(tokens[:-1]) == {"the", "cat", "sat"}
    assert tokens[-1] == "cow"
    assert np.array_equal(embeddings[4 + tokens.index("cat")], [1, 2, 3]) == frozen
    np.testing.assert_array_equal(embeddings[4 + tokens.index("cow")], [4, 5, 6])  # never met in training
    assert task.decoder.embeddings.trainable != frozen
    if frozen:
        again = task.__class__.from_config(task.get_config())
        assert not again.decoder.embeddings.trainable
        with pytest.raises(ValueError, match="vectors of 3 numbers: set embedding_dim=3"):
            zoo.get("lstm_word_lm", **{**settings, "embedding_dim": 4}).fit(["the cat sat"], verbose=0)


def test_reinjection_grows_and_still_learns():
    task = zoo.get("lstm_char_lm", **{**TINY, "epochs": 3, "reinjection": 0.5})
    losses = task.fit(["abcdefgh" * 200], verbose=0).history["loss"]
    assert losses[-1] < losses[0] / 2
    assert float(task._reinjected) == pytest.approx(0.5)


def test_states_of_units_are_those_of_the_steps(model):
    shown = model.unit_states("the cat")
    assert shown.tokens == list("the cat")
    assert (shown.values.shape, shown.layer) == ((7, 16), 0)
    states = model.decoder.get_initial_state(1)
    for token in [2] + [4 + model.vocabulary.tokens.index(c) for c in "the cat"]:
        _, states = model.decoder.step(tf.constant([token]), states)
    np.testing.assert_allclose(shown.values[-1], np.tanh(states[1][0]), atol=1e-5)
    with pytest.raises(ValueError, match="layer must be between -1 and 0"):
        model.unit_states("the", layer=1)
    with pytest.raises(ValueError, match="no token"):
        model.unit_states("")
