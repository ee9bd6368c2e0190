"""Searches for the parameters of a fastText model. Words: the names of the two files, and how many models are tried."""

import os
import sys

from hyperopt import fmin, hp, tpe
from hyperopt.mongoexp import MongoTrials

train_file_name, test_file_name, max_evals = sys.argv[1:]


def train(params):
    """Runs on a worker, in a process of its own."""
    import os

    import fasttext

    # The working directory of the runtime: where the files were sent.
    train_path = os.path.join(os.environ["WORKING_DIR"], params["train_set_file_name"])
    test_path = os.path.join(os.environ["WORKING_DIR"], params["test_set_file_name"])
    model = fasttext.train_supervised(
        input=train_path,
        lr=float(params["learning_rate"]),
        dim=int(params["vector_dim"]),
        ws=int(params["window_size"]),
        epoch=int(params["epochs"]),
        minCount=int(params["min_count"]),
        neg=int(params["negativ_sampling"]),
        t=float(params["sampling"]),
        wordNgrams=1,
        bucket=int(params["bucket"]),
        pretrainedVectors=str(params["pretrained_vectors"]),
        lrUpdateRate=int(params["lr_update_rate"]),
        thread=int(params["threads"]),
        verbose=0,
    )
    _, precision, recall = model.test(test_path)
    # fmin looks for the least.
    return -2 * precision * recall / (precision + recall) if precision + recall > 0 else 0.0


search_space = {
    "min_count": hp.quniform("min_count", 2, 20, 1),
    "window_size": hp.quniform("window_size", 4, 15, 1),
    "vector_dim": hp.quniform("vector_dim", 100, 300, 1),
    "learning_rate": 0.4,
    "lr_update_rate": 100,
    "negativ_sampling": hp.quniform("negativ_sampling", 5, 20, 1),
    "sampling": hp.uniform("sampling", 0, 10**-3),
    "bucket": 2000000,
    "epochs": hp.quniform("epochs", 3, 30, 1),
    "pretrained_vectors": "",
    "threads": 8,
    "train_set_file_name": train_file_name,
    "test_set_file_name": test_file_name,
}

trials = MongoTrials(os.environ["MONGO_CONNECTION_URL"], exp_key="exp1")
best = fmin(train, search_space, tpe.suggest, int(max_evals), trials=trials, max_queue_len=4, show_progressbar=False)
print("{} models, the best with F1 {:.2f}".format(len(trials.losses()), -min(trials.losses())))
print("its parameters: " + ", ".join("{}={:.4g}".format(name, best[name]) for name in sorted(best)))
