"""Finds named entities: trains a tagger, evaluates it, shows what it does, exports it and uses the export.

python recipes/ner.py                                     # embedded sample
python recipes/ner.py --data=conll2003 --set units=200    # TensorFlow Datasets
python recipes/ner.py --train=my/train.conll --valid=my/dev.conll --test=my/test.conll --workdir=runs/mine
"""

from __future__ import annotations

import os
import sys
from functools import partial
from itertools import islice

from absl import flags

from zoo.running import script
from zoo.running.flags import Options

_SCHEME = flags.DEFINE_string("scheme", "auto", "Tag scheme of the files; 'conlleval' reads any mixture.")
_TEXTS = ["Harry Potter and Hermione Granger invented a new spell."]
_SHOWN = 8
_ON_PAGE = 200


def main(options: Options) -> None:
    """Runs one recipe from its data to its export."""
    import tensorflow as tf

    import zoo
    from zoo.datasets import read_conll
    from zoo.decoding.sentences import TaggedSentence
    from zoo.running.run import Run

    run = Run(options)
    train, valid, test = run.data(partial(read_conll, scheme=_SCHEME.value))
    model = run.fit(run.model(), train, valid)

    scores = model.evaluate(test, return_dict=True, verbose=0)
    metrics = run.report(model, train, scores)

    gold = [TaggedSentence.from_record(record) for record in islice(test.as_numpy_iterator(), _ON_PAGE)]
    answers = model.predict([sentence.tokens for sentence in gold])
    color = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    for answer, right in islice(zip(answers, gold, strict=True), _SHOWN):
        print(zoo.showing.terminal(answer.tokens, answer.tags, gold=right.tags, color=color))
    judged = [answer.judged(right.tags) for answer, right in zip(answers, gold, strict=True)]
    zoo.showing.write_html(run.workdir / "predictions.html", judged, title=f"{options.recipe} on unseen sentences")

    exported = model.export(options.export_dir)
    serve = tf.saved_model.load(str(exported)).signatures["serving_default"]
    served = serve(text=tf.constant(_TEXTS))
    reloaded = zoo.load(run.best_model).predict(_TEXTS)

    print(
        f"\n{metrics['reported_on']}: F1 {scores['f1']:.4f}, precision {scores['precision']:.4f}, "
        f"recall {scores['recall']:.4f}; {metrics['training_examples_per_second']:.0f} training sentences a second"
    )
    print(f"workdir:  {run.workdir} (metrics.json, history.csv, training_curve.png, predictions.html, tensorboard/)")
    print(f"model:    {run.best_model} answers {reloaded[0]}")
    print(f"export:   {exported} serves {' '.join(tag.decode() for tag in served['tags'].numpy()[0])}")


if __name__ == "__main__":
    script.start("lstm_ner", main)
