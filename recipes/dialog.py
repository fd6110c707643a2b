r"""Replies in dialogues: trains a model of turns, says how probable unseen ones are, shows and exports its replies.

python recipes/dialog.py                                                         # embedded sample
python recipes/dialog.py --chat                                                  # talk with what that has learnt
python recipes/dialog.py --set context=last --workdir=runs/last                  # or flat: what is context worth?
python recipes/dialog.py --train=my/train.txt --valid=my/dev.txt --test=my/test.txt --acts --workdir=runs/mine
python recipes/dialog.py --train=my/train.txt --pretrain=my/questions.tsv --workdir=runs/pretrained
"""

from __future__ import annotations

from absl import flags

from zoo.running import script
from zoo.running.chat import chat, trained
from zoo.running.flags import Options, define_number

_ACTS = flags.DEFINE_bool("acts", False, "Read acts too: beside train.txt, train_act.txt, a line a dialogue.")
_EMOTIONS = flags.DEFINE_bool("emotions", False, "Read emotions too, likewise.")
_ON_ERROR = flags.DEFINE_enum("on_error", "raise", ["raise", "skip"], "What becomes of dialogues that are of no use.")
_PRETRAIN = flags.DEFINE_string("pretrain", None, "Trained on first: a .tsv of questions and answers, or dialogues.")
_EPOCHS = flags.DEFINE_integer("pretrain_epochs", 2, "How often.", lower_bound=1)
_CHAT = flags.DEFINE_bool("chat", False, "Talk with the workdir's model; where there is none, one is trained first.")
_TEMPERATURE = define_number("temperature", None, "In --chat, draw replies instead of the best.", high=1e6)
_HEADLINE = ("perplexity", "last_perplexity", "word_error_rate", "distinct_2", "context_accuracy")
_SHOWN, _ON_PAGE = 2, 24


def main(options: Options) -> None:
    """Runs one recipe from its data to its export."""
    if _CHAT.value and (model := trained(options)):
        return chat(model, temperature=_TEMPERATURE.value)
    if options.train is None and (_ACTS.value or _EMOTIONS.value):
        raise ValueError("--acts and --emotions are read beside --train: give that too; a data set by name has its own")
    import zoo
    from zoo.datasets import dialogue_sample
    from zoo.datasets.dialogues import Reader
    from zoo.running.pretraining import pretrain
    from zoo.running.run import Run

    first = {"pretrain": _PRETRAIN.value, "pretrain_epochs": _EPOCHS.value} if _PRETRAIN.value else {}
    run = Run(options, {"acts": _ACTS.value, "emotions": _EMOTIONS.value, "on_error": _ON_ERROR.value, **first})
    train, valid, test = run.data(Reader(acts=_ACTS.value, emotions=_EMOTIONS.value, on_error=_ON_ERROR.value))
    model = run.model()
    if _PRETRAIN.value:
        pretrain(run, model, train, Reader(on_error=_ON_ERROR.value)(_PRETRAIN.value), _EPOCHS.value)
    model = run.fit(model, train, valid)
    scores = {**model.evaluate(test, return_dict=True, verbose=0), **model.score(test)}
    if options.train is None and options.data in ("sample", "dialogue_sample"):
        replies = model.predict([dialogue.history for dialogue in dialogue_sample.dialogues("test")])
        scores["context_accuracy"] = dialogue_sample.context_accuracy([reply.text for reply in replies], "test")
    metrics = run.report(model, train, scores)
    records = test.take(_ON_PAGE).as_numpy_iterator()
    shown = [zoo.showing.AnsweredDialogue.of(record, model.follow) for record in records]
    for dialogue in shown[:_SHOWN]:
        print(zoo.showing.dialogue_terminal(dialogue, color=run.color) + "\n")
    title = f"{options.recipe} in unseen dialogues"
    zoo.showing.write_dialogues_html(run.workdir / "predictions.html", shown, title=title)
    headline = {name.replace("_", " "): name for name in _HEADLINE if name in metrics}
    run.finish(model, metrics, headline, "dialogues", {"turns": [shown[0].turns[:-1]]}, "reply")
    return chat(model, temperature=_TEMPERATURE.value) if _CHAT.value else None


if __name__ == "__main__":
    script.start("hred_dialog", main)
