# Runs one Python function for a step of a task.
# Words: NONCE CALLING, the second being the source of calling.py.
# The next line of standard input is {"code": {"source", "name"}, "args": {...}}; the function itself reads
# /dev/null. What it prints goes to the process's own outputs; the answer comes last on standard output, as
# `NUL lazycluster NONCE LENGTH LF` and LENGTH bytes of JSON: {"value": ...} or {"error": {...}}.
import json
import os
import sys


def answer(nonce, body):
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass
    data = body.encode("ascii")
    data = b"\0lazycluster " + nonce.encode("ascii") + b" %d\n" % len(data) + data
    # Threads that the function left behind print elsewhere from here on, so that nothing gets between.
    out = os.dup(1)
    os.dup2(2, 1)
    with os.fdopen(out, "wb") as stream:
        stream.write(data)


def main():
    nonce, source = sys.argv[1:]
    del sys.argv[1:]
    calling = {"__name__": "lazycluster_calling"}
    exec(compile(source, "lazycluster-calling", "exec"), calling)
    request = json.loads(sys.stdin.buffer.readline())
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    sys.stdin = open(0, closefd=False)
    # Relative imports of the user's own files work as they do for `python script.py` in the working directory.
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        value = calling["call"](calling["load"](request["code"], True), request["args"])
        body, code = '{"value":' + calling["to_text"](value) + "}", 0
    except BaseException as error:
        body, code = json.dumps({"error": calling["report"](request["code"]["name"], error)}), 1
    answer(nonce, body)
    return code


sys.exit(main())
