import gzip
import logging

import numpy as np
import pytest

from zoo.embeddings import WordVectors, ranking


def unit(*numbers):
    vector = np.array(numbers, np.float32)
    return vector / np.linalg.norm(vector)


# Axes: male, female, royal.
ROYAL = WordVectors(
    ["man", "woman", "king", "queen", "boy", "castle"],
    [[1, 0, 0.1], [0, 1, 0.1], [3, 0, 3], [0, 0.5, 0.5], [1, 0.1, 0], [0.1, 0.1, 2]],
)
RANDOM = WordVectors((f"w{i}" for i in range(300)), np.random.default_rng(2).normal(size=(300, 8)))


def cosines(queries, vectors=RANDOM):
    units = vectors.matrix / np.linalg.norm(vectors.matrix, axis=1, keepdims=True)
    return queries / np.linalg.norm(queries, axis=1, keepdims=True) @ units.T


def test_words_and_vectors_are_looked_up():
    assert len(ROYAL) == 6
    assert ROYAL.dimension == 3
    assert repr(ROYAL) == "WordVectors(6 words, 3 numbers each)"
    assert "king" in ROYAL
    assert "King" not in ROYAL
    np.testing.assert_array_equal(ROYAL["king"], [3, 0, 3])
    np.testing.assert_array_equal(ROYAL[["queen", "king"]], ROYAL.matrix[[3, 2]])


def test_a_float32_matrix_is_neither_copied_nor_writable_here():
    matrix = np.eye(3, dtype=np.float32)
    vectors = WordVectors("abc", matrix)
    assert np.shares_memory(vectors.matrix, matrix)
    with pytest.raises(ValueError, match="read-only"):
        vectors.matrix[0] = 1
    matrix[0] = 2  # the caller's own array is left alone


def test_neighbours_are_those_of_greatest_cosine_whatever_their_length():
    expected = cosines(RANDOM.matrix)
    np.fill_diagonal(expected, -2)
    rows, scores = RANDOM.nearest_batch(RANDOM.words, 7)
    np.testing.assert_allclose(scores, -np.sort(-expected, axis=1)[:, :7], rtol=1e-5)
    np.testing.assert_allclose(scores, np.take_along_axis(expected, rows, 1), rtol=1e-5)
    one = RANDOM.nearest("w17", 7)
    assert [n.word for n in one] == [RANDOM.words[row] for row in rows[17]]
    np.testing.assert_allclose([n.score for n in one], scores[17], rtol=1e-6)


def test_a_vector_may_be_its_own_neighbour_but_a_word_is_not():
    assert ROYAL.nearest(ROYAL["queen"], 1)[0] == ("queen", pytest.approx(1))
    assert ROYAL.nearest("queen", 1)[0].word != "queen"
    assert ROYAL.nearest([0, 0, 5], 1)[0].word == "castle"


def test_all_words_but_itself_are_the_most_that_can_be_asked_for():
    assert len(ROYAL.nearest("king", 100)) == 5
    assert len(ROYAL.nearest(ROYAL["king"], 100)) == 6
    assert len(ROYAL.analogy("man", "king", "woman", 100)) == 3
    alone = WordVectors(["a"], [[1.0]])
    assert alone.nearest("a") == []
    with pytest.raises(ValueError, match="k is 0"):
        ROYAL.nearest("king", 0)


def test_answers_do_not_depend_on_the_blocks_that_memory_is_cut_into(monkeypatch):
    whole = RANDOM.nearest_batch(RANDOM.words, 5), RANDOM.analogies(*(RANDOM.words[i : 290 + i] for i in range(3)), 5)
    monkeypatch.setattr(ranking, "_BLOCK", 1000)
    cut = RANDOM.nearest_batch(RANDOM.words, 5), RANDOM.analogies(*(RANDOM.words[i : 290 + i] for i in range(3)), 5)
    for (rows, scores), (cut_rows, cut_scores) in zip(whole, cut, strict=True):
        np.testing.assert_array_equal(rows, cut_rows)
        np.testing.assert_allclose(scores, cut_scores, rtol=1e-5)


def test_similarity_is_the_cosine():
    assert ROYAL.similarity("man", "king") == pytest.approx(float(unit(1, 0, 0.1) @ unit(3, 0, 3)), rel=1e-6)
    assert ROYAL.similarity("man", np.array([-2, 0, -0.2])) == pytest.approx(-1)
    np.testing.assert_allclose(
        RANDOM.similarities(RANDOM.words[:9], RANDOM.words[9:18]),
        np.diag(cosines(RANDOM.matrix[:9])[:, 9:18]),
        rtol=1e-5,
    )
    with pytest.raises(ValueError, match="there are 2 and 1 queries"):
        ROYAL.similarities(["man", "king"], ["queen"])


def test_a_vector_of_zeros_is_near_nothing():
    vectors = WordVectors(["zero", "one"], [[0, 0], [1, 1]])
    assert vectors.similarity("zero", "one") == 0
    assert vectors.nearest("one") == [("zero", 0.0)]
    assert vectors.nearest(np.zeros(2), 1)[0].score == 0


@pytest.mark.parametrize("method", ["add", "multiply"])
def test_the_textbook_analogy(method):
    assert ROYAL.analogy("man", "king", "woman", method=method)[0].word == "queen"
    assert ROYAL.analogy("woman", "queen", "man", 1, method=method)[0].word == "king"


def test_analogies_maximise_the_equations():
    a, b, c = (list(RANDOM.words[i * 50 : i * 50 + 50]) for i in range(3))
    to_a, to_b, to_c = (cosines(RANDOM[words]) for words in (a, b, c))
    for method, objective in (
        ("add", to_b - to_a + to_c),
        ("multiply", (1 + to_b) / 2 * (1 + to_c) / 2 / ((1 + to_a) / 2 + 0.001)),
    ):
        for row in range(50):
            objective[row, [row, 50 + row, 100 + row]] = -np.inf
        rows, scores = RANDOM.analogies(a, b, c, 4, method=method)
        np.testing.assert_array_equal(rows, np.argsort(-objective, axis=1)[:, :4])
        np.testing.assert_allclose(scores, -np.sort(-objective, axis=1)[:, :4], rtol=1e-4)
    with pytest.raises(ValueError, match="method is 'divide'; allowed: 'add', 'multiply'"):
        ROYAL.analogy("man", "king", "woman", method="divide")
    with pytest.raises(ValueError, match="there are 1, 2 and 1"):
        ROYAL.analogies(["man"], ["king", "boy"], ["woman"])


def test_an_unknown_word_is_named_with_its_nearest_spelling():
    for ask in (
        ROYAL.nearest,
        ROYAL.__getitem__,
        lambda word: ROYAL.take([word]),
        lambda word: ROYAL.similarity("man", word),
    ):
        with pytest.raises(ValueError, match=r"there is no vector for 'Quen'; nearest in spelling: 'queen'$"):
            ask("Quen")
    with pytest.raises(ValueError, match=r"'KING'; nearest in spelling: 'king'"):
        ROYAL.nearest("KING")
    with pytest.raises(ValueError, match=r"there is no vector for 'xylophone'$"):
        ROYAL.nearest("xylophone")
    with pytest.raises(ValueError, match=r"there is no vector for ''$"):
        ROYAL.nearest("")


def test_vectors_of_another_size_are_refused():
    with pytest.raises(ValueError, match=r"queries of shape \(1, 2\); these vectors have 3 numbers each"):
        ROYAL.nearest(np.ones(2))


def test_some_words_can_be_taken():
    some = ROYAL.take(word for word in ("queen", "man"))
    assert some.words == ("queen", "man")
    np.testing.assert_array_equal(some.matrix, ROYAL.matrix[[3, 0]])


@pytest.mark.parametrize(
    ("words", "matrix", "message"),
    [
        (["a", "b"], np.ones((3, 2)), r"2 words do not fit a matrix of shape \(3, 2\)"),
        (["a"], np.ones(3), r"1 words do not fit a matrix of shape \(3,\)"),
        ([], np.ones((0, 3)), r"0 words do not fit"),
        (["a", "b", "a"], np.ones((3, 2)), "the word 'a' occurs twice"),
        (["a", "b"], [[1, 2], [np.nan, 1]], "the vector of 'b' has a value that is not finite"),
    ],
)
def test_what_are_no_word_vectors(words, matrix, message):
    with pytest.raises(ValueError, match=message):
        WordVectors(words, matrix)


@pytest.mark.parametrize("name", ["v.txt", "v.bin", "v.txt.gz", "new/folder/v.bin.gz"])
def test_a_file_gives_the_same_words_and_bits(tmp_path, name):
    matrix = np.random.default_rng(3).normal(size=(4, 5)) * [[1e-30], [1], [1e20], [1e-3]]
    vectors = WordVectors(["the", "Zürich", "東京", "3.5"], matrix)
    vectors.save(tmp_path / name, binary=".bin" in name)
    loaded = WordVectors.load(tmp_path / name)
    assert loaded.words == vectors.words
    np.testing.assert_array_equal(loaded.matrix, vectors.matrix)
    assert [path.name for path in (tmp_path / name).parent.iterdir()] == [(tmp_path / name).name]
    content = (tmp_path / name).read_bytes()
    assert (gzip.decompress(content) if name.endswith("gz") else content).startswith(b"4 5\n")


@pytest.mark.parametrize("word", ["", "New York", "a\tb", "a\n", "\ud800"])
@pytest.mark.parametrize("binary", [False, True])
def test_a_word_that_no_file_can_hold_leaves_the_old_file(tmp_path, word, binary):
    path = tmp_path / "v"
    path.write_text("old")
    with pytest.raises(ValueError, match="word 1, "):
        WordVectors(["a", word], np.ones((2, 2))).save(path, binary=binary)
    assert [p.name for p in tmp_path.iterdir()] == ["v"]
    assert path.read_text() == "old"


def test_only_some_words_are_loaded(vector_file, caplog):
    path = vector_file(b"a 1 2\nb 3 4\na 5 6\nc 7 8\nd 9 10\n")
    with caplog.at_level(logging.WARNING):
        assert WordVectors.load(path).words == ("a", "b", "c", "d")
    assert "1 words occur more than once" in caplog.text
    np.testing.assert_array_equal(WordVectors.load(path)["a"], [1, 2])
    assert WordVectors.load(path, limit=3).words == ("a", "b", "c")
    assert WordVectors.load(path, vocabulary=["d", "x", "a"]).words == ("a", "d")
    with pytest.raises(ValueError, match="holds no vector that is wanted"):
        WordVectors.load(path, vocabulary=["x"])


def test_a_file_of_more_words_than_the_matrix_had_room_for(tmp_path):
    vectors = WordVectors((f"w{i}" for i in range(5000)), np.random.default_rng(4).normal(size=(5000, 3)))
    vectors.save(tmp_path / "v", binary=True)
    np.testing.assert_array_equal(WordVectors.load(tmp_path / "v").matrix, vectors.matrix)
