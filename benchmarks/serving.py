"""How long an exported tagger takes for one sentence: from C, and from Python in the same run.

    python benchmarks/serving.py saved_models/lstm_ner/1

The C program is `tests/serving/c_client.c`: it sees the export as TensorFlow Serving does, without Python and without
this package. Python calls the same signature of the same SavedModel, as `tf.saved_model.load` gives it.
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "serving"))

from c_client import Latency, signature_names, time_c_client

# 14 tokens, the mean length of a sentence of the English CoNLL-2003 task.
SENTENCE = "Harry Potter and Hermione Granger invented a new spell at Hogwarts last night ."
WARM_UP_CALLS = 10


def time_python(saved_model_dir: str, texts: Sequence[str], signature: str, repeat: int) -> Latency:
    """Measures one call of a signature from Python, its outputs fetched as NumPy arrays, which is what C gets too."""
    import tensorflow as tf

    saved_model = tf.saved_model.load(saved_model_dir)  # The variables live as long as this object.
    call = saved_model.signatures[signature]
    (name,) = call.structured_input_signature[1]
    elapsed = []
    for _ in range(WARM_UP_CALLS + repeat):
        start = time.perf_counter()
        for output in call(**{name: tf.constant(texts)}).values():
            output.numpy()
        elapsed.append(1e3 * (time.perf_counter() - start))
    elapsed = sorted(elapsed[WARM_UP_CALLS:])
    return Latency(statistics.median(elapsed), elapsed[repeat * 9 // 10])


def main() -> None:
    """Prints both latencies and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("saved_model_dir", help="a folder with saved_model.pb")
    parser.add_argument("--text", default=SENTENCE, help="the sentence; default: %(default)s")
    parser.add_argument("--signature", default="serving_default")
    parser.add_argument("--batch_size", type=int, default=1, help="sentences in one call")
    parser.add_argument("--repeat", type=int, default=500, help="calls that are measured")
    parser.add_argument("--json", action="store_true", help="print one line of JSON instead of the table")
    arguments = parser.parse_args()
    if not (Path(arguments.saved_model_dir) / "saved_model.pb").is_file():
        parser.error(f"{arguments.saved_model_dir} holds no saved_model.pb; give the folder with the version's number")

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    texts = [arguments.text] * arguments.batch_size
    _, _, outputs = signature_names(arguments.saved_model_dir, arguments.signature)
    # One after the other, so that they do not share the processor.
    c = time_c_client(arguments.saved_model_dir, texts, arguments.signature, arguments.repeat)
    python = time_python(arguments.saved_model_dir, texts, arguments.signature, arguments.repeat)
    ratio = python.median_ms / c.median_ms
    if arguments.json:
        print(json.dumps({"c": c._asdict(), "python": python._asdict(), "python_to_c": ratio}))
        return
    print(
        f"one call, {arguments.batch_size} sentence(s) of {len(arguments.text.split())} tokens -> {', '.join(outputs)}"
    )
    for name, latency in (("C API", c), ("Python", python)):
        print(f"{name:8} median {latency.median_ms:7.3f} ms   p90 {latency.p90_ms:7.3f} ms")
    print(f"Python takes {ratio:.2f} times as long as C (medians of {arguments.repeat} calls)")


if __name__ == "__main__":
    main()
