"""EntityScore against seqeval on random tag sequences of every kind."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from seqeval.metrics import classification_report

from zoo.metrics import EntityScore

TAG_SETS = {
    "iob": ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"],
    "bioes": ["S-PER", "B-PER", "I-PER", "E-PER", "O", "S-X-Y", "B-X-Y", "I-X-Y", "E-X-Y"],
    "io": ["I-PER", "O", "I-LOC", "I-ORG"],
    "binary": ["0", "1"],
    "nameless": ["O", "B", "I", "E", "S"],
    "without O": ["B-PER", "I-PER"],
}
SEQEVAL_NAMES = {"0": "O", "1": "I-ENTITY", "B": "B-ENTITY", "I": "I-ENTITY", "E": "E-ENTITY", "S": "S-ENTITY"}

SCORES = [("f1", "f1-score"), ("precision", "precision"), ("recall", "recall")]


def result_of(metric):
    return {key: float(value) for key, value in metric.result().items()}


def by_seqeval(tag_names, tag_ids, predicted_ids, mask):
    """What seqeval says of the unmasked tags, in the form of EntityScore's result."""

    def sequences(ids):
        rows = zip(ids, mask, strict=True)
        return [[SEQEVAL_NAMES.get(tag_names[i], tag_names[i]) for i in row[keep]] for row, keep in rows]

    report = classification_report(sequences(tag_ids), sequences(predicted_ids), output_dict=True, zero_division=0)
    scores = {}
    for kind, row in report.items():
        if kind not in ("macro avg", "weighted avg"):
            prefix = "" if kind == "micro avg" else f"{kind}_"
            scores |= {f"{prefix}{ours}": row[theirs] for ours, theirs in SCORES}
    return scores


def random_batch(rng, num_tags, batch=30, time=12):
    """Tag ids, predictions that agree with them in most places, and a mask: padding right, left, or anywhere."""
    tag_ids = rng.integers(num_tags, size=(batch, time))
    predicted_ids = np.where(rng.random((batch, time)) < 0.7, tag_ids, rng.integers(num_tags, size=(batch, time)))
    length, position = rng.integers(time + 1, size=(batch, 1)), np.arange(time)
    masks = [position < length, position >= length, rng.random((batch, time)) < 0.7]
    return tag_ids, predicted_ids, masks[rng.integers(3)]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("tag_names", TAG_SETS.values(), ids=TAG_SETS)
def test_equals_seqeval(tag_names):
    rng = np.random.default_rng(len(tag_names))
    metric = EntityScore(tag_names)
    update = tf.function(metric.update_state)
    compared = 0
    for _ in range(25):
        tag_ids, predicted_ids, mask = random_batch(rng, len(tag_names))
        metric.reset_state()
        update(tf.constant(tag_ids), tf.constant(predicted_ids), tf.constant(mask))
        result = result_of(metric)
        for key, expected in by_seqeval(tag_names, tag_ids, predicted_ids, mask).items():
            assert result[key] == pytest.approx(expected, abs=1e-6), key
            compared += 0 < expected < 1
    assert compared > 25


@pytest.mark.filterwarnings("ignore")
def test_batches_add_up_and_negative_tags_are_padding():
    tag_names, rng, metric = TAG_SETS["bioes"], np.random.default_rng(0), EntityScore(TAG_SETS["bioes"])
    batches = [random_batch(rng, len(tag_names)) for _ in range(3)]
    for tag_ids, predicted_ids, mask in batches:
        metric.update_state(np.where(mask, tag_ids, -1), predicted_ids)
    expected = by_seqeval(tag_names, *map(np.concatenate, zip(*batches, strict=True)))
    assert result_of(metric) == pytest.approx(expected, abs=1e-6)
    assert list(metric.result())[:6] == ["f1", "precision", "recall", "PER_f1", "PER_precision", "PER_recall"]
    metric.reset_state()
    assert set(result_of(metric).values()) == {0.0}


def test_entities_end_with_the_row():
    metric = EntityScore(["O", "I-PER"])
    metric.update_state([[0, 1], [1, 0]], [[0, 1], [0, 0]])
    assert result_of(metric)["f1"] == pytest.approx(2 / 3)  # two actual, one predicted
    assert result_of(metric)["recall"] == 0.5


def test_a_float_mask_and_an_unknown_prediction():
    metric = EntityScore(["B-PER", "I-PER"])
    metric.update_state([[0, 1, 0]], [[0, 1, -1]], tf.constant([[1.0, 1.0, 1.0]]))
    assert (metric.result()["precision"], metric.result()["recall"]) == (1.0, 0.5)
    metric.update_state([[0, 1, 0]], [[1, 1, 1]], tf.constant([[0.0, 0.0, 0.0]]))
    assert (metric.result()["precision"], metric.result()["recall"]) == (1.0, 0.5)


def test_compiled_by_xla_equals_plain():
    tag_ids, predicted_ids, mask = random_batch(np.random.default_rng(0), 9)
    plain, compiled = EntityScore(TAG_SETS["bioes"]), EntityScore(TAG_SETS["bioes"])
    plain.update_state(tag_ids, predicted_ids, mask)
    tf.function(compiled.update_state, jit_compile=True)(tag_ids, predicted_ids, tf.constant(mask))
    assert result_of(compiled) == result_of(plain)


@pytest.mark.parametrize("shape", [(0, 3), (2, 0)])
def test_nothing_to_count(shape):
    metric = EntityScore(["O", "I-PER"])
    metric.update_state(np.zeros(shape, int), np.zeros(shape, int))
    assert metric.result()["f1"] == 0


def test_config_round_trip():
    metric = EntityScore(TAG_SETS["iob"], name="spans")
    copy = keras.metrics.deserialize(keras.metrics.serialize(metric))
    assert copy.get_config() == metric.get_config()
    assert (copy.name, copy.tag_names) == ("spans", TAG_SETS["iob"])


def test_an_empty_tag_set_is_refused():
    with pytest.raises(ValueError, match="tag_names is empty"):
        EntityScore([])


def test_two_replicas_count_as_one():
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    tag_ids, predicted_ids = np.random.default_rng(0).integers(3, size=(2, 40, 9))
    names = ["O", "B-PER", "I-PER"]
    alone = EntityScore(names)
    alone.update_state(tag_ids, predicted_ids)
    with strategy.scope():
        shared = EntityScore(names)
    data = tf.data.Dataset.from_tensor_slices((tag_ids, predicted_ids)).batch(10)
    update = tf.function(lambda batch: strategy.run(shared.update_state, batch))
    for batch in strategy.experimental_distribute_dataset(data):
        update(batch)
    expected = result_of(alone)
    assert 0 < expected["f1"] < 1
    assert result_of(shared) == pytest.approx(expected, rel=1e-6)
