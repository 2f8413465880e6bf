# SPDX-License-Identifier: Apache-2.0
"""What each process of test_horovod.py does; writes what it sees to a file.

Usage: horovodrun -np 2 --gloo python horovod_process.py {meet,lose} FOLDER
"""

import json
import os
import pathlib
import signal
import sys

from modeling import lean_start  # noqa: F401 (first, as in programs)

# isort: split
import tensorflow as tf

from modeling.training import horovod_replication, signals

NUM_STEPS = 3


def meet(replicas):
    """Returns what the processes tell each other."""
    index = replicas.process_index
    # What a process does besides must not change how values find each other.
    for power in range(3 * index):
        tf.function(lambda x, power=power: x**power)(tf.constant(2.0))

    def step(total, count):
        total, count, other = replicas.sum(
            [total, count + index, tf.constant([1.0, 2.0])]
        )
        return total + other, count

    def steps(total):
        return tf.while_loop(
            lambda index, *_: index < NUM_STEPS,
            lambda index, total, count: (index + 1, *replicas.run(step, total, count)),
            (tf.constant(0), total, tf.constant(0)),
            parallel_iterations=1,
        )

    steps = tf.function(steps, autograph=False)
    _, total, count = steps(tf.constant([1.0 + index, 10.0]))
    variables = [tf.Variable([1.0 + index]), tf.Variable(7 + index)]
    replicas.broadcast(variables)
    return {
        "who": [index, replicas.is_chief, replicas.num_replicas],
        "total": total.numpy().tolist(),
        "count": int(count),
        "gathered": replicas.gather_objects([None, "text" * 1000][index]),
        "broadcast": [variable.numpy().tolist() for variable in variables],
        "outputs": replicas.run_each(lambda batch: batch + index, [5]),
    }


def lose(replicas):
    """Returns the error of a process whose peer is killed in the fourth step."""
    step = tf.function(lambda x: replicas.sum([x]), autograph=False)
    # As in training: SIGTERM, which horovodrun sends, does not end it at once.
    with signals.StopRequest():
        try:
            for number in range(10):
                if number == 4 and not replicas.is_chief:
                    os.kill(os.getpid(), signal.SIGKILL)
                step(tf.constant(1.0))
                replicas.gather_objects(number)
        except tf.errors.OpError as error:
            return {"error": type(error).__name__, "message": error.message}
    return {}


def main():
    """Does what the command line asks for."""
    what, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    replicas = horovod_replication.start()
    facts = meet(replicas) if what == "meet" else lose(replicas)
    path = folder / f"{replicas.process_index}.json"
    path.write_text(json.dumps(facts), encoding="utf-8")


if __name__ == "__main__":
    main()
