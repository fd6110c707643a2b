import numpy as np
import tensorflow as tf

from zoo.embeddings.text_stream import count_words, lines_of, numbered, thinned

LINES = ["B a  a", "", "c A b rare", "b"]


def pieces(lines, unit, folder):
    words = ["a", "b", "c"]
    return numbered(lines_of(lines), words, tf.strings.split, True, unit, folder.with_name(folder.name + "_cache"))


def test_words_are_counted_over_files_lists_and_datasets(tmp_path):
    (tmp_path / "text.txt").write_text("\n".join(LINES))
    for texts in (LINES, tmp_path / "text.txt", tf.data.Dataset.from_tensor_slices(LINES)):
        counted = count_words(lines_of(texts), None, True, 2, None)
        assert counted.words == ["a", "b"]
        assert counted.counts.tolist() == [3, 3]
        assert counted.total == 8


def test_words_that_are_not_learnt_are_left_out_and_texts_have_their_numbers(tmp_path):
    (ids, text), *others = pieces(LINES, "line", tmp_path).as_numpy_iterator()
    assert not others
    assert ids.tolist() == [1, 0, 0, 2, 0, 1, 1]
    assert text.tolist() == [0, 0, 0, 2, 2, 2, 3]
    ((_, text),) = pieces(LINES, "paragraph", tmp_path / "other_").as_numpy_iterator()
    assert text.tolist() == [0, 0, 0, 1, 1, 1, 1]


def test_neighbouring_texts_of_a_long_file_differ_and_every_word_comes_once(tmp_path):
    stream = pieces(["a b"] * 3000, "line", tmp_path)
    batches = list(thinned(stream, np.ones(3), 512, seed=1, epoch=0).as_numpy_iterator())
    assert {len(ids) for ids, _ in batches} == {512}
    ids, text = (np.concatenate(part) for part in zip(*batches, strict=True))
    assert (text[6000:] == -1).all()
    assert ids[:6000].tolist() == [0, 1] * 3000
    assert (np.diff(text[:6000:2]) > 0).all()
    assert (text[:6000:2] == text[1:6000:2]).all()


def test_thinning_keeps_the_share_it_is_told_anew_each_epoch_and_repeats(tmp_path):
    stream = pieces(["a b c"] * 2000, "line", tmp_path)

    def kept(epoch, seed=1):
        batches = thinned(stream, np.array([0.1, 0.5, 1.0]), 256, seed, epoch)
        return np.concatenate([ids[text >= 0] for ids, text in batches.as_numpy_iterator()])

    counts = np.bincount(kept(0), minlength=3)
    np.testing.assert_allclose(counts, [200, 1000, 2000], atol=100)
    assert counts[2] == 2000
    np.testing.assert_array_equal(kept(0), kept(0))
    assert kept(0).tolist() != kept(1).tolist()
    assert kept(0).tolist() != kept(0, seed=2).tolist()
