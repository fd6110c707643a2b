import numpy as np
import tensorflow as tf

from zoo.layers.word_ngrams import WordNGrams

IDS = tf.constant([[5, 9, 5, 9, 7, 0], [9, 5, 9, 0, 0, 0]])


def test_an_ngram_has_one_number_wherever_it_stands():
    numbers = WordNGrams(3, 10_000)(IDS).numpy()
    assert numbers.shape == (2, 6, 2)
    pairs, triples = numbers[:, :, 0], numbers[:, :, 1]
    assert pairs[0, 1] == pairs[0, 3] == pairs[1, 2]  # 5 9
    assert pairs[0, 2] == pairs[1, 1] != pairs[0, 1]  # 9 5: the order matters
    assert triples[0, 3] == triples[1, 2]  # 9 5 9
    assert len({pairs[0, 1], pairs[0, 2], pairs[0, 4], *triples[0, 2:5]}) == 6


def test_there_is_nothing_at_padding_and_before_the_first_ngram():
    numbers = WordNGrams(3, 10_000)(IDS).numpy()
    assert (numbers[:, 0] == 0).all()
    assert (numbers[:, 1, 1] == 0).all()
    assert (numbers[IDS.numpy() == 0] == 0).all()
    assert (numbers[0, 2:5] > 0).all()


def test_numbers_fill_the_buckets_evenly():
    first, second = np.meshgrid(np.arange(2, 102), np.arange(2, 102))
    pairs = np.stack([first.ravel(), second.ravel()], axis=1)
    numbers = WordNGrams(2, 1000)(tf.constant(pairs)).numpy()[:, 1, 0]
    assert numbers.min() >= 1
    assert numbers.max() <= 1000
    counts = np.bincount(numbers, minlength=1001)[1:]
    assert 0.8 < counts.var() / 10 < 1.2  # of a random spread: its mean, 10
