import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.preprocessing.tokenisation import pad, tokenise


def tokens_of(text):
    return [token.decode() for token in tokenise(tf.constant([text])).tokens.to_list()[0]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Harry invented a new spell.", "Harry|invented|a|new|spell|."),
        # Clitics
        ("Ann's dogs don't bark; they'll sleep", "Ann|'s|dogs|don|'t|bark|;|they|'ll|sleep"),
        ("it’s I've we're I'd I'm 'tis", "it|’s|I|'ve|we|'re|I|'d|I|'m|'|tis"),
        ("O'Brien and D’Angelo", "O'Brien|and|D’Angelo"),
        ("the dogs' bowls", "the|dogs|'|bowls"),
        # Numbers
        ("3 3.5 1,000,000 12:30 24/7 1996-08-30 2-1", "3|3.5|1,000,000|12:30|24/7|1996-08-30|2-1"),
        ("the 1990s, 3rd of 5.", "the|1990s|,|3rd|of|5|."),
        ("$5m (50%)", "$|5m|(|50|%|)"),
        ("٣٫٥ ५० ½", "٣|٫|٥|५०|½"),
        # Words with marks inside
        ("U.S. e.g. wand-maker AT&T x_y", "U.S.|e.g.|wand-maker|AT&T|x_y"),
        ("end.Start a-b--c -d", "end|.|Start|a-b|-|-|c|-|d"),
        # Addresses
        ("see http://a.b/c?d=1&e=2. Or", "see|http://a.b/c?d=1&e=2|.|Or"),
        ("(https://x.org/y), www.a.com!", "(|https://x.org/y|)|,|www.a.com|!"),
        ("ann.lee+x@mail.example.org.", "ann.lee+x@mail.example.org|."),
        ("@ann_1: #NLProc2024, #北京 #cafe\u0301 # @", "@ann_1|:|#NLProc2024|,|#北京|#cafe\u0301|#|@"),
        # Emoji: skin tones, joined, variation selectors, flags, key caps
        ("hi🙂🙂 👍🏽ok", "hi|🙂|🙂|👍🏽|ok"),
        ("👩\u200d❤\ufe0f\u200d👨 ❤\ufe0f", "👩\u200d❤\ufe0f\u200d👨|❤\ufe0f"),
        ("🇩🇪🇫🇷 1\ufe0f\u20e3 \U0001fae0\U0001fae1", "🇩🇪|🇫🇷|1\ufe0f\u20e3|\U0001fae0|\U0001fae1"),
        # Scripts
        ("iPhone手机在Oslo東京タワー", "iPhone|手|机|在|Oslo|東|京|タワー"),
        ("これは 한국어 입니다.", "これは|한국어|입니다|."),
        ("naïve cafe\u0301 हिन्दी", "naïve|cafe\u0301|हिन्दी"),
        ("مرحبا بالعالم، كيف؟", "مرحبا|بالعالم|،|كيف|؟"),
        ("שלום, עולם!", "שלום|,|עולם|!"),
        ("می\u200cخواهم co\xadop", "می\u200cخواهم|co\xadop"),
        # White space of every kind, control characters, invisible marks
        ("a\u00a0b\u3000c\u2028d\te\r\nf\vg\x85h", "a|b|c|d|e|f|g|h"),
        ("\ufeffa\u200b \u200eb\u202c \x00c\x1fd\x7f", "a|b|c|d"),
        ("“a” – ‘b’ …", "“|a|”|–|‘|b|’|…"),
    ],
)
def test_text_is_split_into(text, expected):
    assert tokens_of(text) == expected.split("|")


@pytest.mark.parametrize("text", ["", " ", "\n\t \r\n", "\u00a0\u3000\u2003", "\x00\x1f\x7f", "\ufeff\u200b"])
def test_blank_texts_have_no_tokens(text):
    split = tokenise(tf.constant([text, "a", text]))
    assert split.tokens.to_list() == [[], [b"a"], []]
    assert split.offsets.to_list() == [[], [[0, 1]], []]


def test_an_empty_batch():
    split = tokenise(tf.constant([], tf.string))
    assert split.tokens.to_list() == []
    assert split.offsets.to_list() == []
    assert split.offsets.dtype == tf.int32


@pytest.mark.parametrize(
    "raw", [b"a \xff\xfe b", b"\xed\xa0\x80x", b"\xf0\x9f\x98", b"a\xc3", b"\xf4\x90\x80\x80", b"\xc0\x80"]
)
def test_bytes_that_are_not_utf8_count_as_python_counts_them(raw):
    text = raw.decode("utf-8", "replace")
    split = tokenise(tf.constant([raw]))
    tokens = [token.decode() for token in split.tokens.to_list()[0]]
    assert tokens
    assert tokens == [text[start:end] for start, end in split.offsets.to_list()[0]]


INTERESTING = st.sampled_from(
    list("'’.-&@#:/ \t\n\x00\x1f\x85\xa0\xad\u0301\u200b\u200c\u200d\u3000\ufeff\ufe0f🙂👍🏽🇩東aB1٣é")
)
TEXTS = st.text(st.one_of(INTERESTING, st.characters(codec="utf-8")), max_size=40)


@settings(max_examples=60, deadline=None)
@given(st.lists(TEXTS, max_size=4))
def test_offsets_are_where_the_tokens_stand(texts):
    split = tokenise(tf.constant(texts, tf.string))
    tokens, offsets = split.tokens.to_list(), split.offsets.to_list()
    assert len(tokens) == len(offsets) == len(texts)
    for text, words, places in zip(texts, tokens, offsets, strict=True):
        assert [word.decode() for word in words] == [text[start:end] for start, end in places]
        # In order, without overlap, and nothing that can be seen is left out.
        flat = [place for pair in places for place in pair]
        assert flat == sorted(flat)
        assert all(start < end for start, end in places)
        covered = {place for start, end in places for place in range(start, end)}
        assert not [text[place] for place in range(len(text)) if place not in covered and text[place].isalnum()]


@settings(max_examples=20, deadline=None)
@given(st.lists(TEXTS, min_size=2, max_size=4))
def test_neighbours_in_the_batch_change_nothing(texts):
    together = [part.to_list() for part in tokenise(tf.constant(texts))]
    alone = [tokenise(tf.constant([text])) for text in texts]
    assert together == [[split.tokens.to_list()[0] for split in alone], [split.offsets.to_list()[0] for split in alone]]


def test_works_in_a_graph_on_very_long_texts():
    graph = tf.function(tokenise, input_signature=[tf.TensorSpec([None], tf.string)])
    split = graph(tf.constant(["ab, " * 5000, "", "x" * 100_000]))
    assert split.tokens.row_lengths().numpy().tolist() == [10_000, 0, 1]
    assert split.offsets[0, -1].numpy().tolist() == [19_998, 19_999]


def test_padding_has_at_least_one_step():
    assert pad(tf.ragged.constant([["a", "b"], [], ["c"]])).numpy().tolist() == [[b"a", b"b"], [b"", b""], [b"c", b""]]
    assert pad(tf.ragged.constant([[], []], dtype=tf.string)).numpy().tolist() == [[b""], [b""]]
    assert pad(tokenise(tf.constant(["", " "])).offsets).shape == (2, 1, 2)
    assert pad(tokenise(tf.constant([], tf.string)).offsets).shape == (0, 1, 2)
