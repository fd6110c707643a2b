import re

import pytest

from zoo.decoding.classified_text import ExplainedText
from zoo.showing import weighted_html, weighted_terminal, write_weighted_html

TEXT = ExplainedText(["not", "bad", "<b>", "really"], [0.5, 1.0, 0.0, -0.3], "pos", 0.934)


def test_terminal_marks_the_words_that_decided():
    assert weighted_terminal(TEXT, color=False) == "pos 0.93: [not +] [bad +] <b> [really -]"
    colored = weighted_terminal(TEXT, color=True)
    assert re.sub(r"\x1b\[[\d;]*m", "", colored) == weighted_terminal(TEXT, color=False)
    backgrounds = re.findall(r"\x1b\[30;48;5;(\d+)(;1)?m", colored)
    assert backgrounds[0] == backgrounds[1]
    assert backgrounds[2][0] != backgrounds[0][0]
    assert [bold for _, bold in backgrounds] == [";1", ";1", ""]


def test_terminal_says_what_is_wrong_and_what_was_not_read():
    assert weighted_terminal(TEXT.judged("neg"), color=False).startswith("pos 0.93 (wrong, gold: neg): ")
    assert "wrong" not in weighted_terminal(TEXT.judged("pos"), color=False)
    cut = ExplainedText(["a", "b", "c"], [0.0, 0.0, 0.0], "pos", 0.5, tokens_cut=7)
    assert weighted_terminal(cut, color=False) == "pos 0.50: a b [... 7 words not read ...] c"
    assert weighted_terminal(ExplainedText([], [], "pos", 0.5), color=False) == "pos 0.50: "
    assert "\x1b" not in weighted_terminal(ExplainedText(["\x1b[2J"], [0.0], "\x07", 0.5), color=False)


def test_page_shades_words_by_weight():
    page = weighted_html([TEXT.judged("neg"), ExplainedText(["fine"], [-0.2], "neg", 0.6, gold="neg")], title="A & B")
    assert "<title>A &amp; B</title>" in page
    assert "$" not in page
    assert "&lt;b&gt;" in page
    strengths = dict(re.findall(r"--strength:([\d.]+)\" title=\"([-+.\d]+)\"", page))
    assert strengths["0.50"] == "+0.500"
    assert strengths["0.30"] == "-0.300"
    assert page.count("<li class=differs>") == 1
    assert "<b>wrong</b>, gold: neg" in page
    assert "<dt>right</dt><dd>1</dd>" in page
    assert "not read whole" not in page


def test_page_of_nothing_and_of_no_weight(tmp_path):
    assert "There are no texts." in weighted_html([])
    write_weighted_html(tmp_path / "deep" / "page.html", [ExplainedText(["a"], [0.0], "x", 1.0)], note="n")
    assert "<p>n</p>" in (tmp_path / "deep" / "page.html").read_text()


@pytest.mark.parametrize("show", [weighted_terminal, lambda text: weighted_html([text])])
def test_every_word_needs_a_weight(show):
    with pytest.raises(ValueError, match="2 tokens but 1 weights: 'a b'"):
        show(ExplainedText(["a", "b"], [1.0], "x", 1.0))
