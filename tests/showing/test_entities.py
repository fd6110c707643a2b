import re
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest

from zoo.showing import html, terminal, write_html
from zoo.showing.colors import hue, xterm

TOKENS = ["Harry", "Potter", "met", "Hagrid", "in", "London", "."]
TAGS = ["B-PER", "I-PER", "O", "B-ORG", "O", "B-LOC", "O"]
GOLD = ["B-PER", "I-PER", "O", "B-PER", "O", "B-LOC", "O"]
VOID = {"meta", "input"}


def sentence(text, tags, **more):
    return SimpleNamespace(tokens=text.split(), tags=tags.split(), **more)


class Page(HTMLParser):
    """The page as a browser would read it: its text, tooltips and marks; fails where elements are not closed."""

    def __init__(self, page):
        super().__init__()
        self.stack, self.text, self.tooltips, self.marks, self.tags = [], "", [], 0, set()
        self.feed(page)
        self.close()
        assert self.stack == []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.marks += tag == "mark"
        self.tooltips += [value for name, value in attrs if name == "title"]
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag

    def handle_data(self, data):
        if self.stack and self.stack[-1] != "style":
            self.text += data.replace("\xa0", " ")


def test_terminal_without_colour():
    assert terminal(TOKENS, TAGS, color=False) == "[Harry Potter PER] met [Hagrid ORG] in [London LOC] ."


def test_terminal_with_colour_says_the_same():
    line = terminal(TOKENS, TAGS)
    assert line.count("\x1b[0m") == 3
    assert f"48;5;{xterm('PER')}" in line
    assert re.sub(r"\x1b\[[\d;]*m", "", line) == terminal(TOKENS, TAGS, color=False)


def test_terminal_marks_errors_and_adds_the_gold_line():
    assert terminal(TOKENS, TAGS, gold=GOLD, color=False).split("\n") == [
        "[Harry Potter PER] met [Hagrid ORG wrong] in [London LOC] .",
        "gold: [Harry Potter PER] met [Hagrid PER missed] in [London LOC] .",
    ]
    assert "\n" not in terminal(TOKENS, GOLD, gold=GOLD)


@pytest.mark.parametrize("tags", ["1 1 0", "I-PER I-PER O", "B-PER E-PER O"], ids=["binary", "io", "bioes"])
def test_terminal_takes_every_tag_scheme(tags):
    type_name = "ENTITY" if tags.startswith("1") else "PER"
    assert terminal(["Harry", "Potter", "ran"], tags.split(), color=False) == f"[Harry Potter {type_name}] ran"


def test_terminal_neighbouring_entities_and_no_tokens():
    assert terminal(["Ann", "Bob"], ["B-PER", "B-PER"], color=False) == "[Ann PER] [Bob PER]"
    assert terminal([], []) == ""


def test_terminal_disarms_control_characters():
    line = terminal(["\x1b[2Jgone", "tw\u202eo", "a\nb", "👩‍🚀"], ["O", "O", "B-X\x07", "O"], color=False)
    assert line == "\ufffd[2Jgone tw\ufffdo [a\ufffdb X\ufffd] 👩‍🚀"


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="2 tokens but 1 tags: 'Harry Potter'"):
        terminal(["Harry", "Potter"], ["O"])
    with pytest.raises(ValueError, match="2 tokens but 3 gold"):
        terminal(["Harry", "Potter"], ["O", "O"], gold=["O"] * 3)
    with pytest.raises(ValueError, match="2 tokens but 1 scores"):
        html([sentence("Harry Potter", "O O", scores=[0.5])])


def test_colours_are_stable_and_within_range():
    assert (hue("PER"), hue("person"), hue("PER") == hue("LOC")) == (25, 25, False)
    assert hue("THEORY") == 75  # From a hash that is the same in every process.
    for name in ["PER", "", "Ünïcode 🙂", "\ud800", "x" * 1000]:
        assert 0 <= hue(name) < 360
        assert 16 <= xterm(name) < 232


def test_page_shows_entities_confidence_and_counts():
    page = Page(html([sentence("Harry Potter ran", "B-PER I-PER O", scores=[0.987, 0.4, 1.0])], title="My model"))
    assert page.text.count("My model") == 2
    assert "Harry Potter PER" in page.text
    assert page.tooltips == ["confidence 98.7%", "confidence 40.0%", "confidence 100.0%"]
    assert page.marks == 2  # One in the sentence, one in the legend.
    assert "F1" not in page.text
    assert "Only sentences with a difference" not in page.text


def test_page_shows_differences_from_gold():
    right = SimpleNamespace(tokens=TOKENS, tags=GOLD, gold=GOLD, scores=None)
    page = Page(html([right, SimpleNamespace(tokens=TOKENS, tags=TAGS, gold=GOLD, scores=None)]))
    assert "Hagrid ORG wrong" in page.text
    assert "Hagrid PER missed" in page.text
    assert (page.text.count("predicted"), page.text.count("gold")) == (2, 1)
    assert "correct5wrong1missed1F10.833" in page.text
    assert "Only sentences with a difference" in page.text
    assert "confidence" not in page.text


def test_page_escapes_everything_and_needs_nothing_else():
    evil = "<script>alert('x')</script>&amp;\"\x1b"
    shown = SimpleNamespace(tokens=[evil], tags=[f"B-{evil}"], scores=[0.1], gold=[f"B-Y{evil}"])
    source = html([shown], title=evil, note=f"$summary {evil}")
    page = Page(source)
    assert "script" not in page.tags
    assert evil.replace("\x1b", "\ufffd") in page.text
    assert "$summary <script>" in page.text
    assert "\x1b" not in source
    assert not re.search(r"(src|href|url\(|@import|https?:)", source)


def test_page_lets_each_sentence_have_its_direction():
    source = html([sentence("הארי פוטר רץ", "B-PER I-PER O")])
    assert '<p dir="auto"><mark dir="auto"' in source
    assert 'charset="utf-8"' in source


def test_page_of_nothing():
    assert "There are no sentences." in Page(html([])).text
    page = Page(html([sentence("", "", gold=[])]))
    assert "(empty)" in page.text
    assert "none" in page.text


def test_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "new" / "predictions.html"
    write_html(path, [sentence("東京 👩‍🚀", "B-LOC O")])
    before = path.read_bytes()
    assert "東京" in before.decode()
    with pytest.raises(ValueError, match="1 tokens but 2 tags"):
        write_html(path, [sentence("one", "O O")])
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == ["predictions.html"]
