"""The classifier beyond what every recipe must do."""

import numpy as np
import pytest
import tensorflow as tf

import zoo
from zoo.datasets import from_texts, sentiment_sample

TINY = {
    "word_dim": 8, "ngram_dim": 4, "ngram_buckets": 50, "region_filters": 8, "region_pool": 2, "units": 8,
    "min_count": 1, "dropout": 0.0, "word_dropout": 0.0, "learning_rate": 0.03, "batch_size": 4, "epochs": 2,
    "bucket_boundaries": (6,),
}  # fmt: skip
X = ["a good film", "a bad film , really", "good and great", "what a bad , bad day it was in the cinema"] * 4
Y = ["pos", "neg", "pos", "neg"] * 4
RATED = ["awful", "bad", "so so", "good", "great"]
RATINGS = [0, 1, 2, 3, 10]
MANY = 5  # times over, for epochs as long: beginning an epoch costs as much as many steps of a network as small


def fitted(x=X, y=Y, **overrides):
    task = zoo.get("lstm_imdb", **{**TINY, **overrides})
    task.fit(x, y, verbose=0)
    return task


@pytest.fixture(scope="module")
def classifier():
    return fitted(X * MANY, Y * MANY, epochs=4, max_tokens=12)


def test_answers_have_probabilities_in_the_order_of_the_questions(classifier):
    texts = [*X[:4], ""]
    answers = classifier.predict(texts)
    assert [answer.label for answer in answers[:4]] == Y[:4]
    for answer in answers:
        assert list(answer.probabilities) == ["neg", "pos"]
        assert sum(answer.probabilities.values()) == pytest.approx(1.0, abs=1e-6)
        assert answer.probability == max(answer.probabilities.values()) == answer.probabilities[answer.label]
    assert classifier.predict(tf.data.Dataset.from_tensor_slices({"text": texts})) == answers
    assert classifier.predict(from_texts(X, Y)) == classifier.predict(X)
    assert classifier.predict([]) == []


def test_what_is_cut_is_counted_in_every_answer(classifier):
    long = "good " * 20
    (answer,) = classifier.predict([long])
    assert answer.tokens_cut == 8
    assert str(answer).endswith(", 8 tokens not read)")
    (whole,) = classifier.predict(["good"])
    assert str(whole) == f"pos ({whole.probability:.2f})"
    scores = classifier.evaluate(
        [long, "bad", "good", "bad"], ["pos", "neg", "pos", "neg"], return_dict=True, verbose=0
    )
    assert scores["share_cut"] == 0.25
    assert classifier.explain([long])[0].tokens_cut == 8


def test_evaluate_equals_what_predict_says(classifier):
    gold = ["pos"] * len(X)
    expected = np.mean([answer.label == "pos" for answer in classifier.predict(X)])
    assert 0 < expected < 1
    assert classifier.evaluate(X, gold, return_dict=True, verbose=0)["accuracy"] == pytest.approx(expected)


def test_the_weights_of_words_say_what_decided(classifier):
    explained = classifier.explain(["a film that is good", "bad", ""])
    assert explained[0].tokens == ["a", "film", "that", "is", "good"]
    assert len(explained[0].weights) == 5
    assert (explained[0].label, explained[1].label) == ("pos", "neg")
    assert explained[0].weights[4] > 0
    assert explained[1].weights[0] > 0
    assert (explained[2].tokens, explained[2].weights) == ([], [])
    assert explained[0].judged("neg").gold == "neg"


@pytest.mark.parametrize("overrides", [{"encoder": "ngrams"}, {"encoder": "ngrams", "head": "softmax"}])
def test_gradient_times_input_is_the_score_itself_where_the_network_is_linear(overrides):
    task = fitted(**overrides)
    (explained,) = task.explain(["a good film"])
    probabilities = task.predict(["a good film"])[0].probabilities
    other = next(name for name in probabilities if name != explained.label)
    bias = task.network.get_layer("logits").get_weights()[1]
    offset = bias[0] if len(bias) == 1 else bias[1] - bias[0]
    offset = offset if explained.label == "pos" else -offset
    log_odds = np.log(probabilities[explained.label] / probabilities[other])
    assert sum(explained.weights) == pytest.approx(log_odds - offset, abs=1e-4)


@pytest.mark.parametrize(
    "overrides",
    [
        {"pooling": "last", "region_pool": 1},
        {"pooling": "mean", "word_ngrams": 1, "region_width": 0, "region_pool": 3},
        {"pooling": "attention", "bidirectional": False, "word_ngrams": 3},
        {"encoder": "ngrams", "learning_rate": 0.2},
    ],
    ids=str,
)
def test_every_shape_of_network_learns_and_ignores_what_stands_beside_it(overrides):
    task = fitted(X * MANY, Y * MANY, **overrides)
    assert task.evaluate(X, Y, return_dict=True, verbose=0)["accuracy"] == 1.0
    together = task.predict([*X[:4], "x " * 50])
    for text, answer in zip(X[:4], together, strict=False):
        assert task.predict([text])[0].probability == pytest.approx(answer.probability, abs=1e-5)
    assert len(task.explain(X[:1])[0].weights) == 3


def word_vectors(task):
    return dict(
        zip(task.vocabulary.words, task.network.get_layer("word_embedding").embeddings.numpy()[2:], strict=True)
    )


def test_word_vectors_fill_the_embeddings_and_stay_if_frozen(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("good 1 2 3\nbad 4 5 6\nGood 0 0 0\nsplendid 7 8 9\n")
    task = fitted(word_vectors=str(path), word_dim=3, train_word_vectors=False)
    vectors = word_vectors(task)
    assert list(vectors)[-1] == "splendid"  # not in the training data, but it has a vector
    assert "Good" not in vectors  # words are looked up in lower case
    for word, vector in {"good": [1, 2, 3], "bad": [4, 5, 6], "splendid": [7, 8, 9]}.items():
        np.testing.assert_array_equal(vectors[word], vector)
    task.save(tmp_path / "task.keras")
    path.unlink()  # a saved model is whole without it
    assert zoo.load(tmp_path / "task.keras").predict(X) == task.predict(X)


def test_word_vectors_are_fine_tuned_unless_frozen(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("good 1 2 3\nbad 4 5 6\nsplendid 7 8 9\n")
    vectors = word_vectors(fitted(word_vectors=str(path), word_dim=3, encoder="ngrams"))
    assert np.abs(vectors["good"] - [1, 2, 3]).max() > 1e-3
    np.testing.assert_array_equal(vectors["splendid"], [7, 8, 9])  # never met in training
    with pytest.raises(ValueError, match=r"vectors.txt holds vectors of 3 numbers: set word_dim=3"):
        fitted(word_vectors=str(path))
    with pytest.raises(FileNotFoundError, match=r"none.txt"):
        fitted(word_vectors=str(tmp_path / "none.txt"))


def test_more_classes_are_a_softmax():
    task = fitted(["red apple", "green pear", "blue plum"] * 30, ["a", "b", "c"] * 30)
    assert task.head == "softmax"
    answers = task.predict(["red apple", "green pear", "blue plum"])
    assert [answer.label for answer in answers] == ["a", "b", "c"]
    assert set(answers[0].probabilities) == {"a", "b", "c"}


def test_ratings_are_ordered_classes():
    task = fitted(RATED * 60, RATINGS * 60, head="ordinal")
    assert task.vocabulary.labels == ("0", "1", "2", "3", "10")
    answers = task.predict(RATED)
    assert [answer.label for answer in answers] == ["0", "1", "2", "3", "10"]
    for answer in answers:
        chances = list(answer.probabilities.values())
        assert min(chances) >= 0
        assert sum(chances) == pytest.approx(1.0, abs=1e-5)
        peak = int(np.argmax(chances))
        assert chances[:peak] == sorted(chances[:peak])  # neighbours of the answer are likelier than what is far off
        assert chances[peak:] == sorted(chances[peak:], reverse=True)
    scores = task.evaluate(RATED, [0, 1, 2, 3, 3], return_dict=True, verbose=0)
    assert scores["accuracy"] == pytest.approx(0.8)
    assert scores["mean_absolute_error"] == pytest.approx(0.2)
    assert task.explain(["great"])[0].weights[0] > task.explain(["awful"])[0].weights[0]


def test_heads_refuse_labels_that_are_not_theirs():
    with pytest.raises(ValueError, match=r"head='ordinal' orders classes whose names are numbers.*neg, pos"):
        fitted(head="ordinal")
    with pytest.raises(ValueError, match=r"head='sigmoid' tells two classes apart, but there are 5"):
        fitted(RATED, RATINGS, head="sigmoid")


ONE = tf.data.Dataset.from_tensors({"text": "a", "label": "b"})


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (["a"], ["x", "y"], "1 texts but 2 labels"),
        (["a", ""], ["x", "y"], r"the text of record 1 \(from 0\) is empty"),
        (["a", "b"], ["x", "x"], "one label only, 'x'"),
        (["!", "..."] * 2, [0, 0, 0, 0], "one label only, '0'"),
        (ONE.batch(1), None, "leave out .batch"),
        (ONE.map(lambda record: {**record, "text": " "}), None, "a record has an empty text"),
        (ONE.map(lambda record: {**record, "label": ""}), None, "a record has an empty label"),
        (
            ONE.map(lambda record: {"text": record["text"]}),
            None,
            r"records with `text` and `label`; these have \['text'\]",
        ),
        (tf.data.Dataset.from_tensors({"tokens": ["a"], "tags": ["O"]}), None, "expected records with `text`"),
    ],
)
def test_fit_says_what_is_wrong_with_the_records(x, y, message):
    with pytest.raises(ValueError, match=message):
        zoo.get("lstm_imdb", **TINY).fit(x, y, verbose=0)


def test_a_label_that_the_model_lacks_is_refused(classifier):
    with pytest.raises(ValueError, match=r"labels that the model has not learnt \(it knows neg, pos"):
        classifier.evaluate(["a"], ["fine"], verbose=0)
    with pytest.raises(TypeError, match="two lists: texts and labels"):
        classifier.fit(["a"], verbose=0)


def test_numbers_are_labels_too():
    records = tf.data.Dataset.from_tensor_slices({"text": X, "label": [1, 0] * 8})
    task = zoo.get("lstm_imdb", **TINY, encoder="ngrams")
    task.fit(records, epochs=1, verbose=0)
    assert task.vocabulary.labels == ("0", "1")


def test_steps_stay_within_the_tokens_that_were_asked_for(classifier):
    task = zoo.get("lstm_imdb", **{**TINY, "batch_size": 16, "batch_tokens": 32, "bucket_boundaries": (4, 8, 16)})
    task.adapt(task.records(X, Y))
    batches = list(task.batches(task.records(X, Y), training=True))
    shapes = [inputs["token_ids"].shape for inputs, _ in batches]
    assert sum(rows for rows, _ in shapes) == len(X)
    assert max(rows * time for rows, time in shapes) <= 32
    evaluated = list(classifier.batches(classifier.records(X, Y), training=False))
    assert len(evaluated) == 2  # one a bucket


def test_order_is_learnt_where_a_bag_of_words_can_only_guess():
    """Reviews and their twins, which have the same words: what tells them apart is the order."""
    texts, labels = sentiment_sample.texts("train")
    twins = [(t, y) for t, y in zip(texts, labels, strict=True) if " but " in t or "lthough" in t][:140]
    x, y = zip(*twins, strict=True)
    task = zoo.get("lstm_imdb", units=24, epochs=8, learning_rate=0.008, dropout=0.1, region_pool=1, ngram_dim=8)
    task.fit(list(x), list(y), verbose=0)
    bag = zoo.get("lstm_imdb", encoder="ngrams", word_ngrams=1, epochs=4, learning_rate=0.02, dropout=0.1)
    bag.fit(list(x), list(y), verbose=0)
    assert task.evaluate(list(x), list(y), return_dict=True, verbose=0)["accuracy"] > 0.9
    assert bag.evaluate(list(x), list(y), return_dict=True, verbose=0)["accuracy"] < 0.75
