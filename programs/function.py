# Runs one Python function for a step of a task.
# Words: NONCE CALLING, the second being the source of calling.py.
# The next line of standard input is {"code": {"source", "name", "file"?, "modules"?}, "args": {...}}; the function itself
# reads /dev/null. What it prints goes to the process's own outputs. What it reports, and at the end its answer, come
# between that on standard output, in frames: `NUL lazycluster NONCE KIND SENDER LENGTH LF` and LENGTH bytes of JSON. KIND
# is p or a for a part, P or A for the last part of a report or the answer: {"value": ...} or {"error": {...}}.
import json
import os
import sys
import threading

# With its head a frame is less than what a pipe takes in one piece, so that no other process prints into it.
LONGEST_PART = 3584


def framer(nonce):
    # Not 1: a function may redirect that.
    out = os.dup(1)
    lock = threading.Lock()

    def renew():
        nonlocal lock
        lock = threading.Lock()

    # In a forked child it may be held by a thread that is not there.
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=renew)

    def write(kind, data):
        view = memoryview(data)
        with lock:
            for at in range(0, max(len(view), 1), LONGEST_PART):
                part = view[at : at + LONGEST_PART]
                last = at + LONGEST_PART >= len(view)
                head = "\0lazycluster {} {} {} {}\n".format(nonce, kind.upper() if last else kind, os.getpid(), len(part))
                frame = head.encode("ascii") + part
                while frame:
                    frame = frame[os.write(out, frame) :]

    return write


def flush():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass


def main():
    nonce, source = sys.argv[1:]
    del sys.argv[1:]
    calling = {"__name__": "lazycluster_calling"}
    exec(compile(source, "lazycluster-calling", "exec"), calling)
    request = json.loads(sys.stdin.buffer.readline())
    write = framer(nonce)

    def tell(data):
        flush()
        write("p", data)

    calling["listen"](tell)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    sys.stdin = open(0, closefd=False)
    # Relative imports of the user's own files work as they do for `python script.py` in the working directory.
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        value = calling["call"](calling["load"](request["code"], True), request.pop("args"))
        body, code = '{"value":' + calling["to_text"](value) + "}", 0
    except BaseException as error:
        body, code = json.dumps({"error": calling["report"](request["code"]["name"], error)}), 1
    flush()
    # Threads that the function left behind print elsewhere from here on.
    os.dup2(2, 1)
    write("a", body.encode("ascii"))
    return code


sys.exit(main())
