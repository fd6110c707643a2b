"""The tagger beyond what every recipe must do."""

import numpy as np
import pytest
import tensorflow as tf
from seqeval.metrics import f1_score

import zoo
from zoo.datasets import from_sentences

TINY = {
    "word_dim": 8, "characters": "none", "units": 8, "learning_rate": 0.03, "batch_size": 4, "dropout": 0.1,
    "epochs": 3, "bucket_boundaries": (6,),
}  # fmt: skip
X = [line.split() for line in ("Ann Lee met Bo in Oslo .", "Bo likes Bergen", "no names here", "Ann hired Bo Lee")] * 4
Y = [line.split() for line in ("B-PER I-PER O B-PER O B-LOC O", "B-PER O B-LOC", "O O O", "B-PER O B-PER I-PER")] * 4


def fitted(x=X, y=Y, **overrides):
    task = zoo.get("lstm_ner", **{**TINY, **overrides})
    task.fit(x, y, verbose=0)
    return task


@pytest.fixture(scope="module")
def tagger():
    return fitted(X * 10, Y * 10, dropout=0.0, word_dropout=0.0)


def test_answers_come_in_the_order_of_the_questions(tagger):
    texts = ["Bo likes Bergen", "", "Ann Lee met Bo in Oslo .", "no names here"]
    for x in (texts, [text.split() for text in texts]):
        assert [answer.tokens for answer in tagger.predict(x)] == [text.split() for text in texts]
    records = tf.data.Dataset.from_tensor_slices({"text": texts})
    assert tagger.predict(records) == tagger.predict(texts)
    assert tagger.predict(from_sentences(X, Y)) == tagger.predict(X)
    assert tagger.predict([]) == []
    same_length = tf.data.Dataset.from_tensor_slices({"tokens": [["Bo", "left"], ["Ann", "left"]]})
    assert [answer.tokens for answer in tagger.predict(same_length)] == [["Bo", "left"], ["Ann", "left"]]


def test_an_answer_lists_its_entities(tagger):
    (answer,) = tagger.predict(["Ann Lee met Bo in Oslo ."])
    assert [(e.type, e.text, e.start, e.end) for e in answer.entities] == [
        ("PER", "Ann Lee", 0, 2), ("PER", "Bo", 3, 4), ("LOC", "Oslo", 5, 6)
    ]  # fmt: skip
    assert str(answer) == "[Ann Lee PER] met [Bo PER] in [Oslo LOC] ."
    assert all(0.3 < score <= 1.0 for score in answer.scores)


@pytest.mark.parametrize("wrong", ["one text", 7, b"bytes"])
def test_predict_names_what_it_takes(tagger, wrong):
    with pytest.raises(TypeError, match="list of texts"):
        tagger.predict(wrong)


def test_an_empty_token_is_refused_with_its_sentence(tagger):
    with pytest.raises(ValueError, match="sentence 1: expected a list of non-empty strings"):
        tagger.predict([["a"], ["b", ""]])


def test_evaluate_equals_seqeval_on_what_predict_says(tagger):
    gold = [tags[::-1] for tags in Y]  # wrong on purpose, so that the score is neither 0 nor 1
    gold = [zoo.datasets.tagged_sentences.tag_schemes.convert(tags, "conlleval", "iob2") for tags in gold]
    predicted = [answer.tags for answer in tagger.predict(X)]
    expected = f1_score(gold, predicted)
    assert 0.0 < expected < 1.0
    assert tagger.evaluate(X, gold, return_dict=True, verbose=0)["f1"] == pytest.approx(expected, abs=1e-6)


def test_evaluate_counts_entities_of_unseen_types_as_missed(tagger):
    gold = [["B-PER", "I-PER", "O", "B-GOD", "I-GOD", "O", "O"]]
    predicted = [tagger.predict([X[0]])[0].tags]
    scores = tagger.evaluate(X[:1], gold, return_dict=True, verbose=0)
    assert scores["f1"] == pytest.approx(f1_score(gold, predicted), abs=1e-6)
    assert 0.0 < scores["recall"] < 1.0
    assert scores["loss"] < 100.0
    assert not any("unseen" in name for name in scores)


def test_training_on_a_type_that_the_model_lacks_is_refused(tagger):
    with pytest.raises(ValueError, match=r"tags that the model has not learnt.*B-GOD"):
        tagger.fit([["Zeus"]], [["B-GOD"]], epochs=1, verbose=0)


def test_a_long_text_does_not_blow_up_the_short_ones(tagger, monkeypatch):
    texts = [["Bo", "left"]] * 300 + [["x"] * 9000] + [["Ann"]] * 20
    seen = []
    plain = tagger.in_graph(tagger.tag, tf.TensorSpec([None, None], tf.string))
    monkeypatch.setattr(tagger, "in_graph", lambda *_: lambda tokens: seen.append(tokens.shape) or plain(tokens))
    answers = tagger.predict(texts)
    assert [len(answer.tags) for answer in answers] == [len(text) for text in texts]
    assert max(rows * time for rows, time in seen) <= 16_384
    assert sum(rows for rows, _ in seen) == len(texts)
    assert len(seen) == 3  # 256, 64, and the long one alone


def test_a_score_is_the_probability_of_the_tag_that_is_shown(tagger):
    codec = tagger.preprocessor.tags
    tokens = tf.constant([["Ann", "met", "Bo"]])
    tags, scores = tagger.tag(tokens)
    inner = tagger._probabilities(tagger.network(tagger.preprocessor.inputs(tokens))).numpy()[0]
    for step, (tag, score) in enumerate(zip(tags.numpy()[0], scores.numpy()[0], strict=True)):
        name = codec.outer_names[tag]
        same = {"O": ["O"]}.get(name, [("BS" if name[0] == "B" else "IE")[i] + name[1:] for i in range(2)])
        assert score == pytest.approx(sum(inner[step, codec.names.index(n)] for n in same), abs=1e-5)


@pytest.mark.parametrize("head", ["crf", "softmax"])
@pytest.mark.parametrize("scheme", ["iob2", "bioes"])
def test_answers_are_well_formed_iob2_whatever_happens_inside(head, scheme):
    task = zoo.get("lstm_ner", **TINY, head=head, tag_scheme=scheme)
    task.adapt(task.records(X, Y))
    rng = np.random.default_rng(0)  # no training: whatever the weights are
    task.network.set_weights([3 * rng.normal(size=weight.shape) for weight in task.network.get_weights()])
    answers = [answer.tags for answer in task.predict(X)]
    assert len({tag for tags in answers for tag in tags}) > 2
    zoo.datasets.tagged_sentences.tag_schemes.validate(answers, "iob2")


def test_the_binary_labelling_of_the_textbooks():
    x = [["Harry", "Potter", "and", "Hermione", "Granger", "invented", "a", "new", "spell"]] * 40
    y = [list("110110000")] * 40
    task = fitted(x, y, head="sigmoid", dropout=0.0, word_dropout=0.0)
    (answer,) = task.predict(x[:1])
    assert answer.tags == y[0]
    assert task.evaluate(x, y, return_dict=True, verbose=0)["f1"] == 1.0


def test_sigmoid_refuses_typed_tags():
    with pytest.raises(ValueError, match=r"head='sigmoid' answers 0 or 1.*LOC, PER"):
        fitted(head="sigmoid")


@pytest.mark.parametrize(
    "overrides",
    [
        {"word_input": "one_hot", "case_dim": 0, "head": "softmax", "optimizer": "adamw", "clip_norm": None},
        {"characters": "bilstm", "char_dim": 4, "char_units": 4, "max_tokens": 3},
        {"bidirectional": False, "depth": 2, "recurrent_dropout": 0.2},
        {"vocabulary_size": 3, "min_count": 2, "lowercase": False, "normalise_digits": False, "characters": "cnn"},
    ],
    ids=lambda overrides: next(iter(overrides)),
)
def test_every_choice_trains_saves_and_loads(overrides, tmp_path):
    task = fitted(**overrides)
    task.save(tmp_path / "task.keras")
    assert zoo.load(tmp_path / "task.keras").predict(X) == task.predict(X)


def test_word_vectors_fill_the_embeddings_and_stay_if_frozen(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("ann 1 2 3\nbo 4 5 6\nzebra 7 8 9\n")
    task = fitted(word_vectors=str(path), word_dim=3, train_word_vectors=False, bidirectional=False, epochs=2)
    row = task.vocabulary.words.index("bo") + 2
    np.testing.assert_array_equal(task.network.get_layer("word_embedding").embeddings[row], [4, 5, 6])
    assert task.vocabulary.words[-1] == "zebra"  # not in the training data, but it has a vector
    np.testing.assert_array_equal(task.network.get_layer("word_embedding").embeddings[-1], [7, 8, 9])
    with pytest.raises(ValueError, match=r"vectors.txt holds vectors of 3 numbers: set word_dim=3"):
        fitted(word_vectors=str(path), word_dim=8)


def test_texts_with_tags_are_tokenised_first():
    x, y = ["Ann Lee met Bo.", "Bo left!"], [["B-PER", "I-PER", "O", "B-PER", "O"], ["B-PER", "O", "O"]]
    task = fitted(x * 4, y * 4, bidirectional=False, epochs=1)
    assert task.vocabulary.entity_types == ("PER",)
    records = tf.data.Dataset.from_generator(
        lambda: iter([{"text": "Ann left.", "tags": ["B-PER", "O", "O"]}] * 4),
        output_signature={"text": tf.TensorSpec([], tf.string), "tags": tf.TensorSpec([None], tf.string)},
    )
    assert "f1" in task.evaluate(records, return_dict=True, verbose=0)


def test_a_loaded_model_trains_on_as_if_it_had_not_stopped(tmp_path):
    tiny = {**TINY, "dropout": 0.5, "bidirectional": False, "head": "softmax"}
    straight = zoo.get("lstm_ner", **tiny)
    straight.fit(X, Y, epochs=4, verbose=0)
    stopped = zoo.get("lstm_ner", **tiny)
    # The plan is four epochs; it is interrupted after two.
    stop = __import__("keras").callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: setattr(stopped, "stop_training", epoch == 1)
    )
    stopped.fit(X, Y, epochs=4, verbose=0, callbacks=[stop])
    stopped.save(tmp_path / "half.keras")
    resumed = zoo.load(tmp_path / "half.keras")
    resumed.fit(X, Y, epochs=4, initial_epoch=2, verbose=0)
    for a, b in zip(straight.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


ONE = tf.data.Dataset.from_tensors({"tokens": tf.constant(["a", "b"]), "tags": tf.constant(["B-X", "O"])})


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([["a", "b"]], [["O"]], "2 tokens but 1 tags"),
        ([["a", ""]], [["B-X", "O"]], "empty token"),
        (ONE.batch(1), None, "leave out .batch"),
        (ONE.map(lambda r: {**r, "tags": r["tags"][:1]}), None, "other numbers of tokens and tags"),
        (ONE.map(lambda r: {**r, "tokens": tf.constant(["", "b"])}), None, "empty token"),
        ([["a"]], [["O"]], "holds no entity"),
        ([["a"]], [["B-"]], "B-"),
        ([], [], "no sentences"),
        (tf.data.Dataset.from_tensor_slices({"words": ["a"]}), None, r"`tokens` \(or `text`\) and `tags`"),
    ],
)
def test_fit_says_what_is_wrong_with_the_records(x, y, message):
    with pytest.raises(ValueError, match=message):
        zoo.get("lstm_ner", **TINY).fit(x, y, verbose=0)


def test_fit_without_answers_says_what_it_takes():
    with pytest.raises(TypeError, match="two lists"):
        zoo.get("lstm_ner", **TINY).fit(["text"], verbose=0)


def test_names_and_patterns_that_training_did_not_have_are_recognised():
    """The sample's validation entities occur nowhere in its training split: this is learning, not memory."""
    train = zoo.datasets.load("sample", split="train").take(1000)
    valid = zoo.datasets.load("sample", split="validation")
    task = zoo.get("lstm_ner", units=24, word_dim=24, char_units=32, epochs=4, learning_rate=0.01)
    task.fit(train, verbose=0)
    assert task.evaluate(valid, return_dict=True, verbose=0)["f1"] > 0.3
    (answer,) = task.predict(["Harry Potter and Hermione Granger invented a new spell."])
    assert str(answer).startswith("[Harry Potter PER] and [Hermione Granger PER] ")
