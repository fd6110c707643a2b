import re
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest

from zoo.showing import unit_states_html, write_unit_states_html
from zoo.showing.text_features import findings, most_telling, text_features

TEXT = 'def f(x):\n    return "a b"\n\nIt is 1.\n'


def states(tokens=TEXT, units=3, layer=1):
    values = np.random.default_rng(0).uniform(-0.9, 0.9, (len(tokens), units)).astype("float32")
    return SimpleNamespace(tokens=list(tokens), values=values, layer=layer)


class Page(HTMLParser):
    """What a browser would show within the text's paragraph, and the values of every token in it."""

    def __init__(self, page):
        super().__init__()
        self.text, self.values, self.inside = "", [], False
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "p" and "dir" in attributes:
            self.inside = True
        elif self.inside and tag == "span":
            pairs = (pair.split(":") for pair in filter(None, (attributes.get("style") or "").split(";")))
            self.values.append({int(name.removeprefix("--")): int(value) for name, value in pairs})

    def handle_endtag(self, tag):
        self.inside &= tag != "p"

    def handle_data(self, data):
        self.text += data * self.inside


def test_page_has_the_text_and_every_value():
    shown = states()
    page = unit_states_html(shown, units=[2, 0], title="A & B", note="n < m")
    read = Page(page)
    assert read.text == TEXT
    values = np.array([[token.get(0, 0), token.get(1, 0)] for token in read.values]) / 100
    np.testing.assert_allclose(values, shown.values[:, [2, 0]], atol=0.0051)
    assert re.findall(r"unit (\d+)", page) == ["2", "0"]
    assert page.count(" checked>") == 1
    for index in range(2):
        assert f"body:has(#unit-{index}:checked) .states p span {{ --v: var(--{index}, 0); }}" in page
        assert f"id='unit-{index}'" in page
    assert "<title>A &amp; B</title>" in page
    assert "<p>n &lt; m</p>" in page
    assert "<dt>layer</dt><dd>2</dd>" in page
    assert "$" not in page
    assert "<script" not in page
    assert "http" not in page


def test_page_is_safe_and_keeps_white_space():
    tokens = ["<", "b", ">", "&", "'", '"', "\t", " ", " ", "\n", "\x1b", "\x00", "\u202e", "\ud800", "\u00e9"]
    shown = SimpleNamespace(tokens=tokens, values=np.zeros([15, 1]), layer=0)
    page = unit_states_html(shown)
    assert Page(page).text == "<b>&'\"\t  \n\ufffd\ufffd\ufffd\ufffd\u00e9"
    assert "<span>&lt;</span><span>b</span><span>&gt;</span><span>&amp;</span>" in page
    assert "<span class='end'>\n</span>" in page
    page.encode("utf-8")


def test_words_stand_apart():
    shown = states(["The", "apple", ",", "and", "a", "pear"], units=2)
    page = unit_states_html(shown)
    assert Page(page).text == "The apple , and a pear"
    assert "<dt>words</dt><dd>6</dd>" in page


def test_values_beyond_the_range_are_shown_as_its_ends():
    page = unit_states_html(SimpleNamespace(tokens=["a", "b"], values=[[-3.0], [7.0]], layer=0))
    assert Page(page).values == [{0: -100}, {0: 100}]


def test_a_unit_is_named_by_what_it_follows():
    text = "\n".join("word " * (3 + number % 4) + "." for number in range(12))
    distance = text_features(list(text))["distance from the line's start"]
    noise = np.random.default_rng(1).normal(size=(len(text), 40))
    values = np.concatenate([0.3 * noise, distance[:, np.newaxis] * -0.03 + 0.02 * noise[:, :1]], axis=1)
    shown = SimpleNamespace(tokens=list(text), values=np.tanh(values), layer=0)
    page = unit_states_html(shown)
    (first,) = re.findall(r"checked><span>unit (\d+)<small>(.*?)</small>", page)
    assert first[0] == "40"
    assert re.fullmatch(r"distance from the line&#x27;s start, r = \N{MINUS SIGN}0\.9\d", first[1])
    assert page.count("<small>") == 1  # noise follows nothing
    assert page.count("type='radio'") == 16


def test_features_follow_the_text():
    features = {name: values.tolist() for name, values in text_features(list(TEXT)).items()}
    assert "".join("0123456789"[int(n)] for n in features["indentation of the line"][:20]) == "00000000001234444444"
    inside = {
        name: "".join(c for c, value in zip(TEXT, features[f"inside {name}"], strict=True) if value)
        for name in ("parentheses", "quotation marks", "a word")
    }
    assert inside == {"parentheses": "(x", "quotation marks": '"a b', "a word": "deffxreturnabItis1"}
    assert features["distance from the line's start"][:12] == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2]
    assert features["distance from the word's start"][:5] == [1, 2, 3, 0, 1]
    assert sum(features["an upper-case letter"]) == sum(features["a digit"]) == 1
    assert "inside braces" not in features
    assert text_features(["a", "a"]).keys() == {"position in the text", "length of a run of one character"}


def test_marks_that_do_not_match_end_somewhere():
    unclosed = list('") "a\n\nb (c')
    features = text_features(unclosed)
    assert features["inside quotation marks"].tolist() == [1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]
    assert features["inside parentheses"].tolist() == [0] * 9 + [1, 1]
    assert text_features(list("\u201ca\u201d"))["inside quotation marks"].tolist() == [1, 1, 0]


def test_units_that_tell_are_chosen_and_differ():
    tokens = list("A word (or two) here.\n" * 10)
    features = text_features(tokens)
    rng = np.random.default_rng(2)
    values = 0.2 * rng.normal(size=(len(tokens), 30))
    for unit in range(5, 10):
        values[:, unit] += features["inside parentheses"]
    values[:, 20] += 0.5 * features["an upper-case letter"]
    values[:, 21] += features["inside a word"]
    values[:, 25] = 1e-4 * features["inside a word"]  # follows it to the letter, in a colour that nobody sees
    chosen = most_telling(tokens, values, 4)
    assert {"inside parentheses", "inside a word"} <= {finding.feature for finding in chosen[:3]}
    assert 25 not in [finding.unit for finding in chosen]
    assert len({finding.unit for finding in chosen}) == 4
    assert len(most_telling(tokens, values, 99)) == 30
    (named, unnamed) = findings(tokens, values, [21, 3])
    assert named.feature == "inside a word"
    assert named.correlation > 0.8
    assert unnamed.feature is None


def test_chance_is_not_named_and_nothing_breaks_where_nothing_changes():
    (finding,) = findings(list("ab "), np.array([[0.1], [0.2], [-0.5]]), [0])
    assert finding.feature is None
    assert abs(finding.correlation) > 0.5
    (finding,) = most_telling(["a"], np.array([[0.5]]), 3)
    assert (finding.unit, finding.feature, finding.correlation) == (0, None, 0.0)
    page = unit_states_html(SimpleNamespace(tokens=["a"], values=np.array([[0.5]]), layer=0))
    assert Page(page).values == [{0: 50}]


def test_page_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "deep" / "page.html"
    write_unit_states_html(path, states(), title="T", note="n", units=[1])
    assert path.read_text(encoding="utf-8") == unit_states_html(states(), title="T", note="n", units=[1])
    with pytest.raises(ValueError, match="no token"):
        write_unit_states_html(path, states(""))
    assert [file.name for file in path.parent.iterdir()] == ["page.html"]


@pytest.mark.parametrize(
    ("changes", "units", "message"),
    [
        ({"tokens": []}, None, "there is no token to show; give a text"),
        ({"values": np.zeros([4, 3])}, None, r"2 tokens need values \[2, units\], got the shape \[4, 3\]"),
        ({"values": np.zeros([2])}, None, r"got the shape \[2\]"),
        ({"values": np.zeros([2, 0])}, None, r"got the shape \[2, 0\]"),
        ({"values": np.array([[0.0], [np.nan]])}, None, "not finite"),
        ({}, [], "names no unit"),
        ({}, [0, 3], "there is no unit 3; the layer has units 0 to 2"),
        ({}, [-1], "there is no unit -1"),
    ],
)
def test_what_cannot_be_shown_is_refused(changes, units, message):
    shown = SimpleNamespace(**{"tokens": ["a", "b"], "values": np.zeros([2, 3]), "layer": 0, **changes})
    with pytest.raises(ValueError, match=message):
        unit_states_html(shown, units=units)
