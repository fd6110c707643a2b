import numpy as np
import pytest
import tensorflow as tf

from zoo import tag_schemes
from zoo.preprocessing.tags import TagCodec

TYPES = ["LOC", "ORG", "PER"]
TIME = 12


def random_sentences(number, seed=0):
    """Well-formed IOB2 of any length up to TIME, with many entities that touch."""
    rng = np.random.default_rng(seed)
    sentences = []
    for _ in range(number):
        tags = []
        for _ in range(rng.integers(0, TIME)):
            kind = TYPES[rng.integers(len(TYPES))]
            goes_on = tags and tags[-1] != "O" and rng.random() < 0.5
            tags.append(f"I-{tags[-1][2:]}" if goes_on else "O" if rng.random() < 0.3 else f"B-{kind}")
        sentences.append(tags)
    return sentences


def padded(sentences, length=TIME):
    return tf.constant([tags + [""] * (length - len(tags)) for tags in sentences])


def named(names, rows, sentences):
    return [[names[number] for number in row[: len(tags)]] for row, tags in zip(rows.numpy(), sentences, strict=True)]


@pytest.mark.parametrize("scheme", ["iob2", "bioes"])
def test_conversion_in_the_graph_is_that_of_tag_schemes(scheme):
    codec, sentences = TagCodec(TYPES, scheme), random_sentences(300)
    outer = codec.outer_ids(padded(sentences))
    inner = tf.function(codec.inner_ids)(outer)
    assert named(codec.names, inner, sentences) == [tag_schemes.convert(tags, "iob2", scheme) for tags in sentences]
    for row, tags in zip(inner.numpy(), sentences, strict=True):
        assert (row[len(tags) :] == -1).all()
    back = tf.function(codec.outer_from_inner)(inner)
    assert named(codec.outer_names, back, sentences) == sentences


@pytest.mark.parametrize("scheme", ["iob2", "bioes"])
def test_an_entity_may_end_with_the_batch_or_before_padding(scheme):
    codec = TagCodec(TYPES, scheme)
    sentences = [["O", f"B-{kind}", f"I-{kind}"] for kind in TYPES] + [["O", "O", f"B-{kind}"] for kind in TYPES]
    sentences += [["B-LOC"], ["B-LOC", "I-LOC"], []]
    inner = codec.inner_ids(codec.outer_ids(padded(sentences, 3)))
    assert named(codec.names, inner, sentences) == [tag_schemes.convert(tags, "iob2", scheme) for tags in sentences]


@pytest.mark.parametrize("scheme", ["iob2", "bioes"])
def test_malformed_answers_become_what_conlleval_reads(scheme):
    codec = TagCodec(TYPES, scheme)
    inner = np.random.default_rng(1).integers(0, len(codec.names), (300, TIME))
    repaired = codec.outer_from_inner(tf.constant(inner, tf.int32)).numpy()
    for answer, outer in zip(inner, repaired, strict=True):
        raw = [codec.names[number] for number in answer]
        tags = [codec.outer_names[number] for number in outer]
        assert tags == tag_schemes.convert(raw, tag_schemes.LENIENT, "iob2")
        tag_schemes.validate([tags], "iob2")


def test_what_stands_at_padding_does_not_matter():
    codec = TagCodec(TYPES, "bioes")
    outer = codec.outer_ids(tf.constant([["B-PER", "I-PER"]]))
    for garbage in (-1, 0, 7, 12):
        inner = tf.concat([codec.inner_ids(outer), [[garbage, garbage]]], axis=1)
        np.testing.assert_array_equal(codec.outer_from_inner(inner)[:, :2], outer)


def test_names_and_numbers():
    codec = TagCodec(["A", "B"], "bioes")
    assert codec.names == ["O", "B-A", "I-A", "E-A", "S-A", "B-B", "I-B", "E-B", "S-B"]
    assert codec.outer_names == ["O", "B-A", "I-A", "B-B", "I-B"]
    assert TagCodec(["A", "B"], "iob2").names == codec.outer_names
    ids = codec.outer_ids(tf.constant([["B-B", "I-B", "O", ""], ["S-A", "B-C", "I-C", ""]]))
    assert ids.numpy().tolist() == [[3, 4, 0, -1], [1, 5, 6, -1]]  # C is unseen: the type after the last
    assert codec.unseen(tf.constant([["B-B", "B-C", ""]])).numpy().tolist() == [[False, True, False]]
    assert codec.outer_tags(tf.constant([[4, 0], [1, 2]])).numpy().tolist() == [[b"I-B", b"O"], [b"B-A", b"I-A"]]


def test_binary():
    codec = TagCodec([], "binary")
    ids = codec.outer_ids(tf.constant([["1", "0", "1", ""], ["0", "O", "", ""]]))
    assert ids.numpy().tolist() == [[1, 0, 1, -1], [0, 0, -1, -1]]
    assert codec.unseen(tf.constant(["1", "O", "B-A"])).numpy().tolist() == [False, False, True]
    assert codec.inner_ids(ids) is ids
    assert codec.outer_from_inner(ids).numpy().tolist() == [[1, 0, 1, 0], [0, 0, 0, 0]]
    assert codec.outer_tags(tf.constant([1, 0])).numpy().tolist() == [b"1", b"0"]


def test_no_steps_and_no_sentences():
    codec = TagCodec(TYPES, "bioes")
    for shape in ([0, 3], [2, 0]):
        inner = codec.inner_ids(tf.zeros(shape, tf.int32))
        assert inner.shape == shape
        assert codec.outer_from_inner(inner).shape == shape


@pytest.mark.parametrize("scheme", ["iob2", "bioes"])
def test_any_mixture_of_tags_is_read_as_conlleval_reads_it(scheme):
    rng = np.random.default_rng(0)
    codec = TagCodec(["A", "B"], scheme)
    pool = ["O", *(f"{prefix}-{kind}" for prefix in "BIES" for kind in "ABC")]
    tags = rng.choice(pool, (200, 9))
    ids = codec.outer_ids(tf.constant(tags)).numpy()
    names = [*codec.outer_names, "B-C", "I-C"]
    for row, numbers in zip(tags.tolist(), ids, strict=True):
        assert [names[number] for number in numbers] == tag_schemes.convert(row, tag_schemes.LENIENT, "iob2")
    np.testing.assert_array_equal(codec.outer_from_inner(codec.inner_ids(ids)), ids)


def test_probabilities_of_what_is_one_tag_outside_are_added():
    codec = TagCodec(["A", "B"], "bioes")
    inner = np.random.default_rng(0).dirichlet(np.ones(9), (2, 3)).astype(np.float32)
    outer = codec.outer_probabilities(tf.constant(inner)).numpy()
    np.testing.assert_allclose(outer.sum(-1), 1, rtol=1e-5)
    np.testing.assert_allclose(outer[..., 1], inner[..., 1] + inner[..., 4], rtol=1e-6)  # B-A is B-A or S-A inside
    np.testing.assert_allclose(outer[..., 4], inner[..., 6] + inner[..., 7], rtol=1e-6)  # I-B is I-B or E-B inside
