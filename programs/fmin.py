# Runs a search for the manager: hyperopt's algorithms suggest, trials go through MongoDB to the workers.
# No words; the first line of its input is the job as JSON, password and all. Further lines: {"op": "stop"}. The end of the
# input, or TERM, ends the search as well; trials that are not over are then taken back.
# Says {"event": "ready", ...}, {"event": "trial", ...} at each change, at last {"event": "over", ...} or {"event": "failed", ...}.
import datetime
import functools
import hashlib
import json
import math
import os
import signal
import sys
import threading
import time
import uuid

# Whatever a library prints goes to the log; the manager alone hears us on the old descriptor.
_answers = os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)


def say(message):
    _answers.write(json.dumps(message, separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n")
    _answers.flush()


try:
    import bson
    import cloudpickle
    import gridfs
    import numpy
    import pymongo
    from hyperopt import anneal, hp, rand, space_eval, tpe
    from hyperopt.base import (
        JOB_STATE_CANCEL,
        JOB_STATE_DONE,
        JOB_STATE_ERROR,
        JOB_STATE_NEW,
        JOB_STATE_RUNNING,
        STATUS_OK,
        Domain,
    )
    from hyperopt.mongoexp import MongoJobs, MongoTrials
except ImportError as error:
    say({"event": "failed", "kind": "Environment", "detail": str(error)})
    sys.exit(1)

STATES = {
    JOB_STATE_NEW: "Queued",
    JOB_STATE_RUNNING: "Running",
    JOB_STATE_DONE: "Done",
    JOB_STATE_ERROR: "Failed",
    JOB_STATE_CANCEL: "Cancelled",
}
OPEN = [JOB_STATE_NEW, JOB_STATE_RUNNING]
SHORTEST_WAIT, LONGEST_WAIT = 0.05, 0.5
# hyperopt counts a trial's version up at each write, and takes its own for written when the number fits: after such a step
# nothing of whoever had the trial fits any more.
STEP = 1_000_000


# Both travel to the workers: being of __main__ by value. They name nothing else of this module.
class Objective:
    fmin_pass_expr_memo_ctrl = True

    def __init__(self, module, calling, code, argument):
        self.module = module
        self.calling = calling
        self.code = code
        # The parameter that takes the point; empty where its fields are the parameters.
        self.argument = argument

    def __call__(self, expr, memo, ctrl):
        import sys
        import types

        from hyperopt.pyll import rec_eval

        calling = sys.modules.get(self.module)
        if calling is None:
            calling = types.ModuleType(self.module)
            exec(compile(self.calling, "lazycluster-calling", "exec"), calling.__dict__)
            sys.modules[self.module] = calling
        point = rec_eval(expr, memo=memo, print_node_on_error=False)
        return watched(ctrl, calling, self.code["name"], lambda: self.result(calling, point))

    def result(self, calling, point):
        import json
        import numbers

        # As the manager sees it: no scalars of NumPy, no tuples.
        point = json.loads(calling.to_text(point))
        function = calling.load(self.code, False)
        value = calling.call(function, point if self.argument == "" else {self.argument: point})
        if isinstance(value, numbers.Real) and not isinstance(value, bool):
            return float(value)
        if isinstance(value, dict) and ("status" in value or "loss" in value):
            # As JSON has it: MongoDB takes less than Python has.
            return dict({"status": "ok"}, **json.loads(json.dumps(value, default=calling._plain)))
        if callable(getattr(value, "item", None)) and getattr(value, "size", 0) == 1:
            return float(value.item())
        raise calling.Refused("Result", "it returned {!r:.200}, which is no loss".format(value))


def watched(ctrl, calling, name, work):
    """Says that the trial lives, and ends the work when the trial was taken back. What the objective raises is a result: as an
    exception it would end the worker."""
    import signal
    import threading

    from hyperopt.mongoexp import Shutdown, WaitQuit

    class TakenBack(BaseException):
        pass

    jobs, trial, over = ctrl.trials.handle.jobs, ctrl.current_trial, threading.Event()
    ours = {"_id": trial["_id"], "state": 1, "version": trial["version"], "owner": trial["owner"]}

    def end(number, frame):
        # After the work is over it would hit the worker itself.
        if not over.is_set():
            raise TakenBack()

    def watch():
        while not over.wait(1):
            try:
                found = jobs.update_one(ours, {"$currentDate": {"refresh_time": True}}).matched_count
            except Exception:
                # The database is away for a moment.
                continue
            if not found and not over.is_set():
                signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR2)
                return

    def forget():
        # The worker would end over a document that it no longer owns.
        handle = ctrl.trials.handle
        update = handle.update
        handle.update = lambda doc, *rest, **more: doc if doc is trial else update(doc, *rest, **more)

    before = signal.signal(signal.SIGUSR2, end)
    threading.Thread(target=watch, daemon=True).start()
    try:
        return work()
    except TakenBack:
        forget()
        return {"status": "fail"}
    except (Shutdown, WaitQuit):
        over.set()
        # The worker is told to end: another one takes the trial.
        free = {"state": 0, "owner": None, "book_time": None, "refresh_time": None}
        jobs.update_one(ours, {"$set": free, "$inc": {"version": 1_000_000}})
        forget()
        raise
    except BaseException as error:
        over.set()
        told = calling.report(name, error)
        return {"status": "fail", "lazycluster_error": told}
    finally:
        over.set()
        signal.signal(signal.SIGUSR2, before)


class Trials(MongoTrials):
    """Without the trials that were taken back, which hyperopt would take for bad ones."""

    def new_trial_ids(self, count):
        # As hyperopt counts, which waits for a second where none was counted before.
        after = self.handle.db.job_ids.find_one_and_update(
            {"a": 0}, {"$inc": {"last_id": count}}, upsert=True, return_document=pymongo.ReturnDocument.AFTER
        )
        return list(range(after["last_id"] - count, after["last_id"]))

    def refresh(self):
        super().refresh()
        kept = [trial for trial in self._trials if trial["state"] != JOB_STATE_CANCEL]
        self._trials = kept
        self._specs = [trial["spec"] for trial in kept]
        self._results = [trial["result"] for trial in kept]
        self._miscs = [trial["misc"] for trial in kept]


def expression(node):
    """hyperopt's expression of a space."""
    tag = node["_tag"]
    if tag == "Constant":
        return node["value"]
    if tag == "Struct":
        return {name: expression(field) for name, field in node["fields"].items()}
    if tag == "Tuple":
        return [expression(item) for item in node["items"]]
    label = node["label"]
    if tag == "Choice":
        return hp.choice(label, [expression(option) for option in node["options"]])
    if tag == "PChoice":
        return hp.pchoice(label, [(one["probability"], expression(one["space"])) for one in node["options"]])
    names = ("low", "high", "mu", "sigma", "q")
    return getattr(hp, tag.lower())(label, *(node[name] for name in names if name in node))


def finite(value):
    """Without what JSON cannot say."""
    if isinstance(value, dict):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    if isinstance(value, (str, bool, type(None), int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime.datetime):
        return milliseconds(value)
    if callable(getattr(value, "tolist", None)):
        return finite(value.tolist())
    return str(value)


def milliseconds(time):
    return None if time is None else int(time.replace(tzinfo=datetime.timezone.utc).timestamp() * 1000)


def raised(error, name):
    """What hyperopt itself kept of an exception: not the objective's, which is a result."""
    kind, text = (list(error) + ["", ""])[:2] if isinstance(error, (list, tuple)) else ("", str(error))
    type_ = kind.replace("<class '", "").replace("'>", "")
    return {"kind": "Raised", "function": name, "type": type_, "message": text[:65536], "traceback": ""}


class Failed(Exception):
    def __init__(self, kind, detail):
        super().__init__(detail)
        self.told = {"event": "failed", "kind": kind, "detail": detail}


class Search:
    def __init__(self, job, calling):
        self.job = job
        self.key = job["expKey"] or "lazycluster-{}-{}".format(time.strftime("%Y%m%d-%H%M%S"), uuid.uuid4().hex[:8])
        self.expr = expression(job["space"])
        module = "lazycluster_calling_" + hashlib.sha256(calling.encode()).hexdigest()[:12]
        self.domain = Domain(
            Objective(module, calling, job["code"], job["argument"]), self.expr, pass_expr_memo_ctrl=True
        )
        self.suggest = self.algorithm(job["algorithm"])
        self.ended = threading.Event()
        self.reason = None
        self.jobs = None
        # Trials that are not over, by id, and as what they were told last.
        self.open = set()
        self.seen = {}
        self.best = None
        # What the next best one is measured by.
        self.mark = None
        self.since_best = 0

    @staticmethod
    def algorithm(options):
        options = dict(options)
        suggest = {"tpe": tpe.suggest, "rand": rand.suggest, "anneal": anneal.suggest}[options.pop("_tag")]
        if suggest is tpe.suggest:
            options["verbose"] = False
        return functools.partial(suggest, **options)

    def end(self, reason):
        self.reason = self.reason or reason
        self.ended.set()

    def connect(self):
        database = self.job["database"]
        account = {}
        if database.get("user"):
            account = {
                "username": database["user"],
                "password": database["password"],
                "authSource": database["name"],
            }
        client = pymongo.MongoClient(
            "127.0.0.1",
            database["port"],
            document_class=bson.SON,
            w=1,
            journal=True,
            serverSelectionTimeoutMS=2000,
            **account
        )
        db = client[database["name"]]
        self.jobs = db["jobs"]
        handle = MongoJobs(db, self.jobs, gridfs.GridFS(db, collection="fs"), client, None, "spec")
        self.trials = Trials(handle, exp_key=self.key)
        self.trials.refresh()

    def begin(self):
        # Of a driver that is gone: whoever still works on them has its result refused, and the next worker takes them.
        self.jobs.update_many(
            {"exp_key": self.key, "state": JOB_STATE_RUNNING},
            {
                "$set": {"state": JOB_STATE_NEW, "owner": None, "book_time": None, "refresh_time": None},
                "$inc": {"version": STEP},
            },
        )
        message = cloudpickle.dumps(self.domain)
        cloudpickle.loads(message)
        self.trials.attachments["FMinIter_Domain"] = message
        self.trials.refresh()
        earlier = len(self.trials)
        seed = self.job["seed"]
        # The same numbers would suggest the same points again.
        self.rng = numpy.random.default_rng([seed, earlier] if earlier > 0 and seed is not None else seed)
        self.left = self.job["maxEvals"] - earlier
        say({"event": "ready", "version": 1, "expKey": self.key, "earlier": earlier})
        for doc in self.jobs.find({"exp_key": self.key, "state": {"$ne": JOB_STATE_CANCEL}}).sort("tid", 1):
            self.open.add(doc["tid"])
            self.tell(doc)
        # Each is tried again only as long as nothing better came in this run.
        self.since_best = 0

    def tell(self, doc):
        state = STATES[doc["state"]]
        tid = doc["tid"]
        result = doc.get("result") or {}
        error = result.get("lazycluster_error") if state == "Done" else None
        if error is not None:
            state = "Failed"
        if self.seen.get(tid) == state:
            return False
        self.seen[tid] = state
        if state in ("Done", "Failed", "Cancelled"):
            self.open.discard(tid)
            del self.seen[tid]
        misc = doc["misc"]
        vals = {label: value[0] for label, value in misc["vals"].items() if value}
        message = {
            "event": "trial",
            "id": tid,
            "state": state,
            "point": finite(space_eval(self.expr, vals)),
            "owner": doc["owner"][0] if doc.get("owner") else None,
            "bookTime": milliseconds(doc.get("book_time")),
            "refreshTime": milliseconds(doc.get("refresh_time")),
        }
        if state == "Done":
            loss = result.get("loss")
            loss = float(loss) if isinstance(loss, (int, float)) and math.isfinite(loss) else None
            message.update(loss=loss, status=str(result.get("status")), result=finite(result))
            self.since_best += 1
            if loss is not None and message["status"] == STATUS_OK:
                if self.best is None or loss < self.best:
                    self.best = loss
                if self.mark is None or loss < self.mark - abs(self.mark) * self.job["percentIncrease"] / 100:
                    self.mark = loss
                    self.since_best = 0
        elif state == "Failed":
            message["error"] = raised(doc.get("error"), self.job["code"]["name"]) if error is None else finite(error)
            self.since_best += 1
        if state != "Queued":
            say(message)
        return True

    def given(self, values):
        """A trial of a point that was given."""
        (tid,) = self.trials.new_trial_ids(1)
        labels = list(self.domain.params)
        misc = {
            "tid": tid,
            "cmd": self.domain.cmd,
            "workdir": self.domain.workdir,
            "idxs": {label: [tid] if label in values else [] for label in labels},
            "vals": {label: [values[label]] if label in values else [] for label in labels},
        }
        return self.trials.new_trial_docs([tid], [None], [self.domain.new_result()], [misc])

    def suggested(self):
        self.trials.refresh()
        ids = self.trials.new_trial_ids(1)
        return self.suggest(ids, self.domain, self.trials, self.rng.integers(2**31 - 1))

    def enqueue(self):
        points = self.job["points"]
        waiting = self.jobs.count_documents({"exp_key": self.key, "state": JOB_STATE_NEW})
        while self.left > 0 and waiting < self.job["maxQueueLen"] and not self.ended.is_set():
            docs = self.given(points[0]) if points else self.suggested()
            if not docs:
                self.left = 0
                return
            self.open.update(doc["tid"] for doc in docs)
            self.trials.insert_trial_docs(docs)
            del points[:1]
            waiting += 1
            self.left -= 1

    def look(self):
        """Tells what has changed since."""
        changed = False
        for doc in self.jobs.find({"exp_key": self.key, "tid": {"$in": sorted(self.open)}}).sort("tid", 1):
            changed = self.tell(doc) or changed
        return changed

    def stop_reason(self):
        job = self.job
        if job["lossThreshold"] is not None and self.best is not None and self.best <= job["lossThreshold"]:
            return "LossThreshold"
        if job["noProgress"] is not None and self.since_best >= job["noProgress"]:
            return "NoProgress"
        if job["timeout"] is not None and time.monotonic() - self.started >= job["timeout"]:
            return "Timeout"
        return None

    def take_back(self):
        self.jobs.update_many(
            {"exp_key": self.key, "state": {"$in": OPEN}},
            {"$set": {"state": JOB_STATE_CANCEL}, "$inc": {"version": STEP}},
        )

    def patient(self, work):
        """Goes on when the database does: it is started again where it was killed."""
        until = time.monotonic() + self.job["patience"]
        while True:
            try:
                return work()
            except pymongo.errors.ConnectionFailure as error:
                if time.monotonic() > until or self.reason == "Stopped":
                    raise Failed("Database", "{}: {}".format(type(error).__name__, str(error)[:500]))
                time.sleep(0.2)
            except pymongo.errors.PyMongoError as error:
                raise Failed("Database", "{}: {}".format(type(error).__name__, str(error)[:500]))

    def run(self):
        self.started = time.monotonic()
        self.patient(self.connect)
        try:
            self.patient(self.begin)
            self.work()
        finally:
            # Also where nobody hears us any more.
            self.patient(self.take_back)
        self.over()

    def work(self):
        wait = SHORTEST_WAIT
        while self.reason is None:
            self.patient(self.enqueue)
            changed = self.patient(self.look)
            reason = self.stop_reason()
            if reason is not None:
                self.end(reason)
            elif self.left <= 0 and not self.patient(self.any_open):
                self.patient(self.look)
                self.end("MaxEvals")
            wait = SHORTEST_WAIT if changed else min(wait * 1.5, LONGEST_WAIT)
            self.ended.wait(wait)

    def any_open(self):
        return self.jobs.count_documents({"exp_key": self.key, "state": {"$in": OPEN}}, limit=1) > 0

    def over(self):
        self.patient(self.look)
        say({"event": "over", "reason": self.reason})


def read(search):
    for line in sys.stdin.buffer:
        if json.loads(line).get("op") == "stop":
            search.end("Stopped")
    search.end("Stopped")


def main():
    line = sys.stdin.buffer.readline()
    if not line:
        return 0
    job = json.loads(line)
    calling = job.pop("calling")
    try:
        search = Search(job, calling)
        # In a thread: the interrupted one may hold the lock of the event.
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=search.end, args=("Stopped",)).start())
        threading.Thread(target=read, args=(search,), daemon=True).start()
        search.run()
        return 0
    except Failed as failed:
        say(failed.told)
    except Exception as error:
        import traceback

        traceback.print_exc()
        say({"event": "failed", "kind": "Driver", "detail": "{}: {}".format(type(error).__name__, str(error)[:500])})
    return 1


code = main()
sys.stderr.flush()
# The reader thread holds standard input, and a normal end of the interpreter would trip over it.
os._exit(code)
