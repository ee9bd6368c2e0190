# A worker of Hyperopt: evaluates trials that it takes from MongoDB, each in a process forked for it.
# Words: work OPTIONS, see below. USR1 lets it end after the trial that it is at.
# Or: release. Reads {"port", "db", "user", "password", "owners"} as one line of JSON, and puts the running trials of these
# workers ("worker-1@host-1:4711") back into the queue, and those of clusters that were there before; says how many: {"released",
# "failed"}.
import argparse
import functools
import hashlib
import json
import logging
import os
import re
import select
import signal
import socket
import sys
import threading
import time

NEW, RUNNING, FAILED = 0, 1, 3
# Every owner that this program writes begins so: others' trials are never touched.
MARK = "lazycluster/"
# A trial that ends its worker each time must not go round for ever.
ATTEMPTS = 3
# hyperopt counts a trial's version up at each write, and takes its own for written when the number fits: after such a step
# nothing of a worker that is thought dead, and is not, fits any more.
STEP = 1_000_000
# Longer than mongod needs to recover after it was killed.
PATIENCE = 600
HEALTHY = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
NOT_YET = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def client(port, db, user, password, name):
    import pymongo
    from bson import SON

    return pymongo.MongoClient(
        "127.0.0.1",
        int(port),
        username=user,
        password=password,
        authSource=db,
        appname=name[:128],
        document_class=SON,
        w=1,
        journal=True,
        serverSelectionTimeoutMS=10_000,
    )


def release(jobs, condition, why):
    """Takes trials off an owner that is gone: back into the queue, or failed where that has happened too often."""
    released, failed = 0, 0
    for job in jobs.find(condition, ["_id", "version", "lazycluster_attempts"]):
        again = job.get("lazycluster_attempts", 0) + 1 < ATTEMPTS
        change = {"state": NEW, "owner": None, "book_time": None, "refresh_time": None, "result": {"status": "new"}}
        if not again:
            detail = f"{why}, {ATTEMPTS} times one after the other"
            change = {"state": FAILED, "error": ["lazycluster.WorkerDied", detail]}
        # Only as it was found: its worker may have finished it meanwhile.
        done = jobs.update_one(
            {**condition, "_id": job["_id"], "version": job.get("version", 0)},
            {
                **({"$unset": {"error": ""}} if again else {}),
                "$set": change,
                "$inc": {"version": STEP, "lazycluster_attempts": 1},
            },
        )
        if done.modified_count:
            released, failed = released + again, failed + (not again)
    return released, failed


def prefix(password):
    """Of the owners of one cluster, told from those before it on the same files: each draws a password."""
    return MARK + hashlib.sha256(("owner " + password).encode()).hexdigest()[:8] + "/"


def main_release():
    asked = json.loads(sys.stdin.readline())
    ours = prefix(asked["password"])
    connected = client(asked["port"], asked["db"], asked["user"], asked["password"], ours + "release")
    dead = [{"owner.0": {"$in": [ours + owner for owner in asked["owners"]]}}]
    dead.append({"owner.0": {"$regex": "^" + MARK, "$not": re.compile("^" + ours)}})
    jobs = connected[asked["db"]]["jobs"]
    released, failed = release(jobs, {"state": RUNNING, "$or": dead}, "its worker died")
    print(json.dumps({"released": released, "failed": failed}), flush=True)
    return 0


def persistent(call):
    """Again, while mongod is away: what was computed must not be lost with it."""

    @functools.wraps(call)
    def wrapped(*args, **kwargs):
        import pymongo.errors

        until = time.monotonic() + PATIENCE
        while True:
            try:
                return call(*args, **kwargs)
            except pymongo.errors.AutoReconnect:
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)

    return wrapped


class Worker:
    def __init__(self, options, password):
        self.options = options
        self.password = password
        self.name = f"{prefix(password)}{options.name}:{os.getpid()}"
        self.connected = None
        self.evaluating = False

    def jobs(self):
        import gridfs
        from hyperopt.mongoexp import MongoJobs

        # Once a process: a connection does not go through a fork.
        if self.connected is None:
            options = self.options
            self.connected = client(options.port, options.db, options.user, self.password, self.name)
        database = self.connected[self.options.db]
        worker = self

        class Jobs(MongoJobs):
            update = persistent(MongoJobs.update)

            def reserve(self, *args, **kwargs):
                # hyperopt itself waits up to a second between two looks, however short the interval is.
                until = time.monotonic() + worker.options.reserve_timeout
                while True:
                    job = super().reserve(*args, **kwargs)
                    worker.evaluating = job is not None
                    if job is not None or time.monotonic() > until:
                        return job
                    time.sleep(worker.options.poll_interval)

        return Jobs(database, database["jobs"], gridfs.GridFS(database), self.connected, None, "spec")

    def ping(self):
        # Not `ping`: that is answered without a password.
        self.jobs().jobs.find_one({}, ["_id"])

    def own(self, state):
        return {"state": state, "owner.0": self.name}

    def trial(self):
        """One trial, or none for long."""
        import pymongo.errors
        from hyperopt.mongoexp import MongoWorker, ReserveTimeout

        options = self.options
        handle = self.jobs()
        # Of a process before this one, which ended at it.
        release(handle.jobs, self.own(RUNNING), "the process that evaluated it died")
        worker = MongoWorker(
            handle,
            workdir=options.workdir,
            exp_key=options.exp_key,
            # Its lines are in the log of this process.
            logfilename=None,
        )
        try:
            worker.run_one(host_id=(self.name,), reserve_timeout=1)
        except ReserveTimeout:
            pass
        except pymongo.errors.AutoReconnect as error:
            # hyperopt takes it for the objective's, where mongod went while it fetched that.
            lost = {**self.own(FAILED), "error.0": str(type(error))}
            persistent(release)(handle.jobs, lost, "mongod was not reached")
            raise
        finally:
            self.evaluating = False

    def leave_if_idle(self, *_):
        # What was taken in this moment goes back into the queue when the worker has ended.
        if not self.evaluating:
            os._exit(0)

    def forked(self, what):
        """The id of a process that does it."""
        sys.stdout.flush()
        sys.stderr.flush()
        # Until whoever is told is there to hear it.
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                self.begin_child()
                what()
                code = 0
            except BaseException:
                logging.exception("the trial failed" if self.listener.ready else "mongod is not there yet")
            finally:
                sys.stdout.flush()
                logging.shutdown()
                os._exit(code)
        return pid

    def begin_child(self):
        import random

        import numpy

        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGUSR1, self.leave_if_idle)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1])
        self.listener.close()
        # All have the state of the one that they were forked from.
        random.seed()
        numpy.random.seed()


class Listener:
    """Answers whoever asks how the worker is. Nothing blocks it for long."""

    def __init__(self, port):
        self.ready = False
        self.socket = socket.create_server(("127.0.0.1", port))
        self.socket.setblocking(False)

    def fileno(self):
        return self.socket.fileno()

    def close(self):
        self.socket.close()

    def answer(self):
        try:
            asking, _ = self.socket.accept()
        except OSError:
            return
        with asking:
            try:
                asking.settimeout(0.5)
                asking.recv(4096)
                asking.sendall(HEALTHY if self.ready else NOT_YET)
                asking.shutdown(socket.SHUT_WR)
            except OSError:
                pass


def in_processes(worker):
    """Single-threaded, so that it may fork: it waits for its child, and answers meanwhile."""
    listener = worker.listener
    wake, woken = socket.socketpair()
    wake.setblocking(False)
    woken.setblocking(False)
    ending = []
    children = []

    def end(number, _frame):
        ending.append(number)
        if number == signal.SIGUSR1:
            for child in children:
                os.kill(child, number)

    signal.set_wakeup_fd(wake.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
        signal.signal(number, end)

    def wait(pid, timeout=None):
        """What the child ended with; `None` when the time is over, or it is to end without it."""
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            if pid is not None:
                found, status = os.waitpid(pid, os.WNOHANG)
                if found:
                    return os.waitstatus_to_exitcode(status)
            at_once = [number for number in ending if number != signal.SIGUSR1]
            if at_once or (pid is None and ending):
                return None
            left = None if until is None else max(0, until - time.monotonic())
            if left == 0:
                return None
            for readable in select.select([listener, woken], [], [], left)[0]:
                if readable is woken:
                    woken.recv(4096)
                else:
                    listener.answer()

    what, failures = worker.ping, 0
    while not ending and failures < worker.options.max_consecutive_failures:
        pid = worker.forked(what)
        children.append(pid)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1])
        code = wait(pid)
        children.clear()
        if code is None:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        elif code == 0:
            failures = 0
            if not listener.ready:
                logging.info("connected to mongod")
            listener.ready = True
            what = worker.trial
        elif listener.ready:
            failures += 1
            if code < 0:
                logging.warning("the process of a trial was ended by %s", signal.Signals(-code).name)
            wait(None, min(failures - 1, 5) * 0.2)
        else:
            wait(None, 1)
    return 0 if ending else 1


def in_this_process(worker):
    """What a trial loads stays for the next one; what breaks the process breaks the worker."""
    ending = threading.Event()

    def end(*_):
        ending.set()
        worker.leave_if_idle()

    def answer():
        while True:
            select.select([worker.listener], [], [])
            worker.listener.answer()

    persistent(worker.ping)()
    signal.signal(signal.SIGUSR1, end)
    worker.listener.ready = True
    threading.Thread(target=answer, daemon=True).start()
    logging.info("connected to mongod")

    failures = 0
    while not ending.is_set() and failures < worker.options.max_consecutive_failures:
        try:
            worker.trial()
            failures = 0
        except Exception:
            failures += 1
            logging.exception("the trial failed")
            ending.wait(min(failures - 1, 5) * 0.2)
    return 0 if ending.is_set() else 1


def main_work(argv):
    parser = argparse.ArgumentParser()
    parser.add_argument("--name", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--db", required=True)
    parser.add_argument("--user", required=True)
    parser.add_argument("--password-file", required=True)
    parser.add_argument("--health-port", type=int, required=True)
    parser.add_argument("--poll-interval", type=float, required=True)
    parser.add_argument("--reserve-timeout", type=float, required=True)
    parser.add_argument("--max-consecutive-failures", type=float, default=float("inf"))
    parser.add_argument("--workdir")
    parser.add_argument("--exp-key")
    parser.add_argument("--no-subprocesses", action="store_true")
    options = parser.parse_args(argv)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    with open(options.password_file) as file:
        password = file.read().strip()
    sys.argv[1:] = []
    worker = Worker(options, password)
    worker.listener = Listener(options.health_port)
    try:
        import hyperopt.mongoexp
    except ImportError as error:
        sys.exit(f"No module named {error.name!r}: {error}")
    # An objective may ask MongoDB itself, with MONGO_CONNECTION_URL, which holds no password.
    hyperopt.mongoexp.read_pw = lambda: password
    return in_this_process(worker) if options.no_subprocesses else in_processes(worker)


if __name__ == "__main__":
    sys.exit(main_release() if sys.argv[1] == "release" else main_work(sys.argv[2:]))
