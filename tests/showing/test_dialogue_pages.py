import re

import pytest

from zoo.decoding.dialogue_reply import Reply
from zoo.showing import AnsweredDialogue, dialogue_terminal, dialogues_html, write_dialogues_html

TURNS = ["Hello <you>!", "Good evening.", "A table\x1b[2J, please."]
REPLIES = [Reply("good day.", -1.5, act="inform"), Reply("", -2.0, turns_cut=1, words_cut=12)]
DIALOGUE = AnsweredDialogue(TURNS, REPLIES, ["inform", "inform", "directive"])


def test_terminal_shows_each_turn_beside_what_the_model_would_have_said():
    plain = dialogue_terminal(DIALOGUE, color=False)
    assert plain.splitlines() == [
        "    A: Hello <you>!",
        "    B: Good evening.",
        "model: good day. (log P = -1.50, inform)",
        "    A: A table\N{REPLACEMENT CHARACTER}[2J, please.",
        "model: (nothing) (log P = -2.00, 1 turn not read, 12 words not read)",
    ]
    colored = dialogue_terminal(DIALOGUE)
    assert colored != plain
    assert re.sub(r"\x1b\[[\d;]*m", "", colored) == plain


def test_page_holds_every_turn_and_every_reply():
    page = dialogues_html([DIALOGUE, AnsweredDialogue(["a", "b"], REPLIES[:1])], title="A & B", note="n")
    assert "<title>A &amp; B</title>" in page
    assert "<p>n</p>" in page
    assert "$" not in page
    assert "\x1b" not in page
    assert "Hello &lt;you&gt;!" in page
    assert "directive" in page
    shown = dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page))
    assert shown == {
        "dialogues": "2", "turns": "5", "replies": "3", "different replies": "2",
        "replies to what was not read whole": "1",
    }  # fmt: skip
    assert page.count('<div class="row"><span>model</span>') == 3


def test_page_of_nothing_and_its_file(tmp_path):
    write_dialogues_html(tmp_path / "deep" / "page.html", [])
    page = (tmp_path / "deep" / "page.html").read_text()
    assert "There are no dialogues." in page
    assert "not read whole" not in page


def test_a_record_is_followed():
    asked = []
    record = {"turns": [b"a", b"\xff", b"c"], "acts": [b"x", b"y", b"z"]}
    made = AnsweredDialogue.of(record, lambda turns: asked.append(turns) or REPLIES)
    assert asked == [["a", "\N{REPLACEMENT CHARACTER}", "c"]]
    assert made == (asked[0], REPLIES, ["x", "y", "z"])
    assert AnsweredDialogue.of({"turns": [b"a", b"b"]}, lambda turns: REPLIES[:1]).acts is None


@pytest.mark.parametrize("show", [dialogue_terminal, lambda dialogue: dialogues_html([dialogue])])
def test_every_turn_but_the_last_needs_a_reply(show):
    with pytest.raises(ValueError, match="a dialogue of 3 turns has 1 replies"):
        show(AnsweredDialogue(TURNS, REPLIES[:1]))
    with pytest.raises(ValueError, match="a dialogue of 3 turns has 1 acts"):
        show(AnsweredDialogue(TURNS, REPLIES, ["inform"]))
