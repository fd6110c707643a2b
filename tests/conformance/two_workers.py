"""Two processes of this machine that train every task together, each with half of every batch."""

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np

ROOT = Path(__file__).parents[2]
LAZILY = {"optimizer": "lazy_adam", "learning_rate": 0.001}  # rows that do not occur are left alone


def train(tiny, strategy, steps_per_execution=1, optimizer="sgd", learning_rate=0.1):
    """Returns what a few steps on a few records have led to.

    Five records do not split evenly, one that is left over leaves a replica none, and clipping bites. Adam blows up the
    last bit of gradients that are near 0.
    """
    x, y = tiny.x[:26], tiny.y and tiny.y[:26]
    with strategy.scope():
        task = tiny.make(
            epochs=2, batch_size=5, clip_norm=0.5, optimizer=optimizer, learning_rate=learning_rate,
            steps_per_execution=steps_per_execution,
        )  # fmt: skip
    told = {}  # by the optimizer's steps; a call may take several

    def note(step, logs):
        told[int(keras.ops.convert_to_numpy(task.optimizer.iterations))] = logs["loss"]

    history = task.fit(x, y, callbacks=[keras.callbacks.LambdaCallback(on_train_batch_end=note)], verbose=0).history
    scores = task.evaluate(x, y, return_dict=True, verbose=0)
    weights = [np.array(w) for w in task.get_weights()]
    return {"weights": weights, "loss": history["loss"], "told": told, "scores": scores}


def start(folder, addresses):
    """Starts a process for each address."""
    processes = []
    for index in range(len(addresses)):
        cluster = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CONFIG": json.dumps(cluster)}
        with open(folder / f"{index}.log", "w") as log:
            command = [sys.executable, __file__, str(folder), str(index)]
            processes.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))
    return processes


def learnt(folder, worker, name):
    """Returns what `train` returned in a process: by a recipe's name, or `lazily`."""
    return pickle.loads((folder / f"{worker}-{name}").read_bytes())


def said(folder):
    """Returns the end of what the processes printed."""
    return "\n".join(path.read_text()[-2000:] for path in sorted(folder.glob("*.log")))


if __name__ == "__main__":
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(2)  # one waits for the other process
    from zoo.training import gradient_sums
    from zoo.training.strategies import strategy

    gradient_sums._LARGE = 1  # between machines, rows of large embeddings are sent instead of the table
    both = strategy("multi_worker")  # before TensorFlow does anything else
    from tiny_recipes import ONE_A_TASK, TINY

    folder, index = Path(sys.argv[1]), sys.argv[2]
    for tiny in ONE_A_TASK:
        # Six batches an epoch: four steps, and then two of four.
        result = pickle.dumps(train(tiny, both, steps_per_execution=4 if tiny is ONE_A_TASK[0] else 1))
        (folder / f"{index}-{tiny.recipe}").write_bytes(result)
    (folder / f"{index}-lazily").write_bytes(pickle.dumps(train(TINY["lstm_imdb"], both, **LAZILY)))
