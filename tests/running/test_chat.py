import pytest

from zoo.decoding.dialogue_reply import Reply
from zoo.running.chat import chat


class Echo:
    """Says how much it heard; of more than four turns it reads the last four."""

    def __init__(self):
        self.heard = []

    def reply(self, history, *, temperature=None, seed=0):
        self.heard.append((list(history), temperature, seed))
        words_cut = max(len(history[-1].split()) - 3, 0)
        return Reply(f"heard \x1b{len(history)}", -1.0, turns_cut=max(len(history) - 4, 0), words_cut=words_cut)


def talk(lines, end=EOFError, **settings):
    """Talks with an echo; returns it, and all that was written."""
    left, echo, said = iter(lines), Echo(), []

    def ask(prompt):
        said.append(prompt)
        try:
            return next(left)
        except StopIteration:
            raise end from None

    chat(echo, ask=ask, say=said.append, **settings)
    return echo, said


@pytest.mark.parametrize("end", [EOFError, KeyboardInterrupt])
def test_each_reply_is_to_all_that_was_said(end):
    echo, said = talk(["  Hello ", "Hi"], end)
    reply = "heard \x1b1"
    assert echo.heard == [(["Hello"], None, 0), (["Hello", reply, "Hi"], None, 2)]
    assert said[1:] == ["you: ", "model: heard \N{REPLACEMENT CHARACTER}1", "you: ",
                        "model: heard \N{REPLACEMENT CHARACTER}3", "you: ", ""]  # fmt: skip


def test_an_empty_line_is_no_turn_and_reset_begins_anew():
    echo, said = talk(["", "Hello", "  ", "/reset", "Hi"], temperature=0.7, seed=3)
    assert [(history, temperature) for history, temperature, _ in echo.heard] == [(["Hello"], 0.7), (["Hi"], 0.7)]
    assert said.count("(forgotten)") == 1
    assert [seed for *_, seed in echo.heard] == [3, 3]


def test_what_is_not_read_is_said_once_for_every_amount():
    _, said = talk(["a", "b", "c d e f", "g"])
    told = [line for line in said if "not read" in line]
    assert told == [
        "(not read any more: the first turn, 1 word at the ends of long turns; /reset begins anew)",
        "(not read any more: the first 3 turns; /reset begins anew)",
    ]


def test_who_says_nothing_hears_nothing():
    echo, said = talk([])
    assert echo.heard == []
    assert said[-1] == ""
