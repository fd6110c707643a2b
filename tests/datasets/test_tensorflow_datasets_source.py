import random
import subprocess
import sys

import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from zoo import datasets, tag_schemes
from zoo.datasets import tensorflow_datasets_source as source

CONLL_2003 = ["O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC", "B-MISC", "I-MISC"]


def mocked(examples):
    """Mocks TensorFlow Datasets so that every data set yields these `(tokens, tag names)`."""

    def as_dataset(builder, *args, **kwargs):
        features = builder.info.features
        key = "ner" if "ner" in features else "tags"

        def generate():
            for tokens, tags in examples:
                yield {"tokens": tokens, key: [features[key].feature.str2int(tag) for tag in tags]}

        signature = {"tokens": tf.TensorSpec([None], tf.string), key: tf.TensorSpec([None], tf.int64)}
        return tf.data.Dataset.from_generator(generate, output_signature=signature)

    return tfds.testing.mock_data(as_dataset_fn=as_dataset, policy=tfds.testing.MockPolicy.USE_CODE)


@pytest.mark.parametrize("name", ["conll2003", "conll2002", "wikiann/en"])
def test_tagged_corpora_by_name(name):
    examples = [(["Ann", "Lee", "met"], ["I-PER", "I-PER", "O"]), (["Rome"], ["B-LOC"]), ([], [])]
    with mocked(examples):
        records = list(datasets.load(name, split="train").as_numpy_iterator())
    assert [record["tokens"].tolist() for record in records] == [[b"Ann", b"Lee", b"met"], [b"Rome"]]
    assert [record["tags"].tolist() for record in records] == [[b"B-PER", b"I-PER", b"O"], [b"B-LOC"]]


@pytest.mark.parametrize(
    ("name", "labels"), [("imdb_reviews", ["neg", "pos"]), ("glue/sst2", ["negative", "positive"])]
)
def test_labelled_texts_by_name(name, labels):
    def as_dataset(builder, *args, **kwargs):
        text = "text" if "text" in builder.info.features else "sentence"
        return tf.data.Dataset.from_tensor_slices({text: ["a", "b", "c"], "label": [1, 0, -1], "idx": [0, 1, 2]})

    with tfds.testing.mock_data(as_dataset_fn=as_dataset, policy=tfds.testing.MockPolicy.USE_CODE):
        records = list(datasets.load(name).as_numpy_iterator())
    expected = [{"text": b"a", "label": labels[1].encode()}, {"text": b"b", "label": labels[0].encode()}]
    assert records == expected  # what has no label is left out


def test_captioned_images_by_name():
    asked = {}

    def as_dataset(builder, *args, decoders=None, **kwargs):
        asked.update(decoders)
        texts = tf.constant([["A dog.", "One dog.", " "], ["", "", " "]])
        return tf.data.Dataset.from_tensor_slices(
            {"image": [b"1", b"2"], "captions": {"text": texts}, "image/filename": ["1.jpg", "2.jpg"]}
        )

    with tfds.testing.mock_data(as_dataset_fn=as_dataset, policy=tfds.testing.MockPolicy.USE_CODE):
        (record,) = datasets.load("coco_captions").as_numpy_iterator()  # what has no caption is left out
    assert record["image"] == b"1"
    assert record["captions"].tolist() == [b"A dog.", b"One dog."]
    assert record["name"] == b"1.jpg"
    assert isinstance(asked["image"], tfds.decode.SkipDecoding)


@pytest.mark.parametrize("name", ["schema_guided_dialogue", "wiki_dialog"])
def test_dialogues_by_name(name):
    def as_dataset(builder, *args, **kwargs):
        assert "utterances" in builder.info.features
        turns = tf.ragged.constant([["Hello.", " ", "Hi!", "Bye."], ["Nobody?", ""]])
        return tf.data.Dataset.from_tensor_slices({"utterances": turns, "first_speaker": [0, 1]})

    with tfds.testing.mock_data(as_dataset_fn=as_dataset, policy=tfds.testing.MockPolicy.USE_CODE):
        (record,) = datasets.load(name).as_numpy_iterator()  # a single turn is no dialogue
    assert {key: value.tolist() for key, value in record.items()} == {"turns": [b"Hello.", b"Hi!", b"Bye."]}


def test_splits_are_called_as_load_calls_them(monkeypatch):
    class Builder:
        class info:
            splits = ("train", "dev", "test")

    monkeypatch.setattr(source, "_builder", lambda *args: Builder)
    assert datasets.splits("corpus") == ("train", "validation", "test")


def test_random_data_of_the_real_features():
    with tfds.testing.mock_data(num_examples=3, policy=tfds.testing.MockPolicy.USE_CODE):
        records = list(datasets.load("conll2003").as_numpy_iterator())
    assert len(records) == 3
    assert {tag.decode() for record in records for tag in record["tags"]} <= set(CONLL_2003)


def test_tags_are_read_in_the_graph_as_outside_of_it():
    rng = random.Random(5)
    for labels in (
        CONLL_2003,
        ["O", *(f"{prefix}-{kind}" for prefix in "BIES" for kind in ("PER", "LOC"))],
        ["O", "PER"],
    ):
        to_strings = tf.function(source._reader_of(labels), input_signature=[tf.TensorSpec([None], tf.int64)])
        for _ in range(60):
            ids = [int(rng.random() * len(labels)) for _ in range(rng.randint(0, 9))]
            tags = [labels[index] for index in ids]
            expected = tag_schemes.convert(tags, "conlleval", "iob2")
            assert [tag.decode() for tag in to_strings(tf.constant(ids, tf.int64)).numpy()] == expected
    assert source._reader_of(["0", "1"])(tf.constant([1, 0])).numpy().tolist() == [b"1", b"0"]


def test_unknown_names_say_what_there_is():
    with pytest.raises(ValueError, match=r"no data set 'conl2003'.*did you mean conll2003"):
        datasets.load("conl2003")
    with pytest.raises(ValueError, match=r"no data set 'zzqqzz'.*known here: ner_sample, .*conll2003"):
        datasets.load("zzqqzz")
    with pytest.raises(ValueError, match="cannot make 'conll2003/nothing'") as caught:
        datasets.load("conll2003/nothing")
    assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match=r"'mnist' has no tagged tokens.*and no texts.*found image, label"):
        datasets.load("mnist")


def test_what_cannot_be_downloaded_is_one_clear_line(tmp_path, monkeypatch):
    def fail(self, **kwargs):
        raise ConnectionError("no route\nto host")

    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", fail)
    with pytest.raises(
        RuntimeError, match=r"'conll2003' is not in .* cannot be downloaded \(no route to host\)"
    ) as caught:
        datasets.load("conll2003", data_dir=tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("split", "expected"), [("train", "train"), ("validation", "dev"), ("valid[:5%]", "dev[:5%]"), ("all", "all")]
)
def test_split_names(split, expected):
    class Builder:
        name = "corpus"

        class info:
            splits = ("train", "dev", "test")

    assert source._split(Builder, split) == expected
    with pytest.raises(ValueError, match="'corpus' has no split 'dvelop'; it has train, dev, test"):
        source._split(Builder, "dvelop")


def test_importing_the_package_is_cheap():
    code = "import sys, zoo.datasets; zoo.datasets.names(); print('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
