# Calls a Python function that came as source text with arguments that came as JSON.
# function.py runs it on a host, driver.py hands it to Dask's workers: both report in the same form.
import asyncio
import builtins
import collections
import inspect
import json
import linecache
import sys
import threading
import traceback
import types

MARK = "lazycluster-report:"
LONGEST_TEXT = 65536
LONGEST_REPORT = 1048576
MOST_FUNCTIONS = 256
OURS = frozenset(("lazycluster-calling", "-c", "<string>"))

_lock = threading.Lock()
_functions = collections.OrderedDict()
# Where reports go: function.py sets it. On Dask's workers nobody listens.
_reporter = None


class Refused(Exception):
    """What went wrong beside the user's own exceptions."""

    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


class _Entry:
    def __init__(self):
        self.lock = threading.Lock()
        self.function = None


def _report_progress(value):
    """Tells the manager how far the function is: any value that JSON can say."""
    if _reporter is None:
        return
    try:
        data = to_text(value).encode("ascii")
    except Refused as refused:
        raise ValueError("lazycluster.report: {}".format(refused))
    if len(data) > LONGEST_REPORT:
        raise ValueError("lazycluster.report: {} bytes, more than {}".format(len(data), LONGEST_REPORT))
    _reporter(data)


_lazycluster = types.ModuleType("lazycluster", "What a function can tell the manager while it runs.")
_lazycluster.report = _report_progress


def listen(reporter):
    global _reporter
    _reporter = reporter


def load(code, importable):
    """The function of {source, name, file?, modules?}; the source runs once in a process."""
    key = (code["source"], code["name"], code.get("file"), json.dumps(code.get("modules"), sort_keys=True))
    with _lock:
        entry = _functions.get(key)
        if entry is None:
            entry = _functions[key] = _Entry()
            if len(_functions) > MOST_FUNCTIONS:
                _functions.popitem(last=False)
        _functions.move_to_end(key)
    with entry.lock:
        if entry.function is None:
            entry.function = _make(code, importable)
        return entry.function


def _make(code, importable):
    name = code["name"]
    filename = code.get("file") or "<{}>".format(name)
    own = _builtins(code.get("modules") or {}, importable)
    module = types.ModuleType("lazycluster_function")
    _run_source(module, filename, code["source"], own, importable)
    found = module.__dict__.get(name)
    if not callable(found):
        raise Refused("Source", "the source defines no function {}".format(name))
    return found


def _run_source(module, filename, source, own, importable):
    # Tracebacks then quote the user's lines. No modification time: linecache never looks for such a file.
    linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
    module.__dict__.update(__file__=filename, __builtins__=own, lazycluster=_lazycluster)
    if importable:
        # multiprocessing, dataclasses and pickle look a class up by its module. Not on Dask's workers: what is made there
        # must travel by value, and it does when its module cannot be found.
        sys.modules[module.__name__] = module
    try:
        compiled = compile(source, filename, "exec")
    except (SyntaxError, ValueError) as error:
        refused = Refused("Source", _message(error))
        refused.origin = error
        raise refused
    exec(compiled, module.__dict__)


def _builtins(modules, importable):
    """Builtins whose import finds the modules that came with a source, and `lazycluster` where none is installed."""
    made = {}
    # Threads that import at once get no half of a module.
    lock = threading.RLock()
    own = dict(vars(builtins))

    def make(name):
        with lock:
            if name not in made:
                # Here before it has run: two modules may import each other.
                made[name] = module = types.ModuleType(name)
                try:
                    _run_source(module, modules[name]["file"], modules[name]["source"], own, importable)
                except BaseException:
                    del made[name]
                    raise
            return made[name]

    def find(name, globals=None, locals=None, fromlist=(), level=0):
        if level == 0 and name in modules:
            return make(name)
        try:
            return builtins.__import__(name, globals, locals, fromlist, level)
        except ImportError as error:
            if name == "lazycluster" and error.name == name:
                return _lazycluster
            raise

    own["__import__"] = find
    return own


def _bind(function, args):
    """Arguments by name, as the function takes them: also where it takes them by position only, or as *rest."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return [], args
    positional, keywords = [], dict(args)
    parameters = list(signature.parameters.values())
    spread = [p for p in parameters if p.kind is p.VAR_POSITIONAL and p.name in keywords]
    for p in parameters:
        if p in spread:
            positional.extend(keywords.pop(p.name))
            break
        if p.kind is not p.POSITIONAL_ONLY and not (spread and p.kind is p.POSITIONAL_OR_KEYWORD):
            continue
        if p.name in keywords:
            positional.append(keywords.pop(p.name))
        elif spread and p.default is not p.empty:
            positional.append(p.default)
        else:
            break
    try:
        signature.bind(*positional, **keywords)
    except TypeError as error:
        raise Refused("Arguments", _message(error))
    return positional, keywords


def call(function, args):
    positional, keywords = _bind(function, args)
    value = function(*positional, **keywords)
    return asyncio.run(value) if inspect.iscoroutine(value) else value


def to_text(value):
    try:
        return json.dumps(value, allow_nan=False, default=_plain, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError, OverflowError) as error:
        raise Refused("Result", _message(error))


def _plain(value):
    # NumPy's scalars and arrays, without importing it.
    if not isinstance(value, type) and callable(getattr(value, "tolist", None)):
        return value.tolist()
    raise TypeError("a value of type {} is not JSON".format(_name(type(value))))


def report(name, error):
    """An exception as data."""
    origin = getattr(error, "origin", error)
    return {
        "kind": error.kind if isinstance(error, Refused) else "Raised",
        "function": name,
        "type": _name(type(origin)) if not isinstance(origin, Refused) else "",
        "message": _message(error),
        "traceback": "" if isinstance(origin, Refused) else _traceback(origin),
    }


def _name(type_):
    module = getattr(type_, "__module__", None)
    name = getattr(type_, "__qualname__", str(type_))
    return name if module in ("builtins", "lazycluster_function", None) else "{}.{}".format(module, name)


def _message(error):
    try:
        return str(error)[:LONGEST_TEXT]
    except BaseException:
        return "(an exception whose text cannot be made)"


def _without_ours(told):
    told.stack = traceback.StackSummary.from_list([frame for frame in told.stack if frame.filename not in OURS])
    for inner in [told.__cause__, told.__context__] + list(getattr(told, "exceptions", None) or ()):
        if inner is not None:
            _without_ours(inner)
    return told


def _traceback(error):
    try:
        told = _without_ours(traceback.TracebackException(type(error), error, error.__traceback__))
        return "".join(told.format()).replace("lazycluster_function.", "")[-LONGEST_TEXT:]
    except BaseException:
        return ""


# What runs on a Dask worker. Exceptions leave as a RuntimeError with JSON text, whatever the user's own class is: the
# driver on the manager then unpickles none of the user's.


def _fill(template, values):
    if "value" in template:
        return template["value"]
    if "future" in template:
        return values[template["future"]]
    return [_fill(item, values) for item in template["list"]]


def _reported(name, work):
    try:
        return work()
    except BaseException as error:
        # Dask's own word to its worker, not a failure.
        if type(error).__name__ == "Reschedule" and type(error).__module__.startswith("distributed"):
            raise
        told = report(name, error)
    try:
        from distributed import get_worker

        told["worker"] = str(get_worker().name)
    except Exception:
        pass
    # Outside the handler: no user's exception rides along as its context.
    raise RuntimeError(MARK + json.dumps(told))


def on_worker(spec, values):
    request = json.loads(spec)
    name = request["code"]["name"]
    args = request["values"]
    args.update((key, _fill(item, values)) for key, item in request["inputs"].items())
    return _reported(name, lambda: call(load(request["code"], False), args))


def texts_on_worker(names, values):
    """For each value its text or its report: one that is not JSON is no reason to keep the others back."""
    return [_text_or_report(name, value) for name, value in zip(names, values)]


def _text_or_report(name, value):
    try:
        return {"text": _reported(name, lambda: to_text(value))}
    except RuntimeError as error:
        return {"report": str(error)}
