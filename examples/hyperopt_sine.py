"""The minimum of the sine between -2 and 2. It runs here; the sines are computed by the workers."""

import math
import os

import numpy
from hyperopt import fmin, hp, tpe
from hyperopt.mongoexp import MongoTrials

trials = MongoTrials(os.environ["MONGO_CONNECTION_URL"], exp_key="exp1")
best = fmin(math.sin, hp.uniform("x", -2, 2), trials=trials, algo=tpe.suggest, max_evals=30, max_queue_len=4,
            rstate=numpy.random.default_rng(7), show_progressbar=False)
print("the sine is least near {:.1f}".format(best["x"]))
