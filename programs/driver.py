# Speaks Dask for the manager: newline-delimited JSON on standard input and output, many requests in flight.
# Words: SCHEDULER_ADDRESS CALLING CONNECT_SECONDS, the second being the source of calling.py.
# Says first {"event": "ready", ...} or {"event": "failed", "detail": ...}; later {"event": "lost", ...} and ends when the
# scheduler has gone. Requests are {"id", "op", ...}; answers {"id", "ok": ...} or {"id", "error": {"kind", ...}}.
# Ends at the end of its input. Values stay on the cluster: only JSON text made by a worker comes here, and what is scattered.
import asyncio
import collections
import concurrent.futures
import hashlib
import json
import os
import sys
import threading
import uuid

# Whatever a library prints goes to the log; the manager alone hears us on the old descriptor.
_answers = os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)

from distributed import Client, KilledWorker, WorkerPlugin  # noqa: E402

ADDRESS, CALLING, CONNECT_SECONDS = sys.argv[1:]
del sys.argv[1:]
MODULE = "lazycluster_calling_" + hashlib.sha256(CALLING.encode()).hexdigest()[:12]
MARK = "lazycluster-report:"


class Calling(WorkerPlugin):
    """Puts calling.py into every worker, also into those that join later."""

    def __init__(self, name, source):
        self.name = name
        self.source = source

    def setup(self, worker):
        import sys
        import types

        module = types.ModuleType(self.name)
        exec(compile(self.source, "lazycluster-calling", "exec"), module.__dict__)
        sys.modules.setdefault(self.name, module)


# Both run on workers. Being of __main__ they travel by value, which is why they are this small.
def call(module, spec, values):
    import sys

    return sys.modules[module].on_worker(spec, values)


def texts(module, names, values):
    import sys

    return sys.modules[module].texts_on_worker(names, values)


class Problem(Exception):
    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


class Held:
    """A future under its key, and how many in the manager's program hold it: calls that are pure share one."""

    def __init__(self, name, future):
        self.name = name
        self.future = future
        self.holders = 1


class Watch:
    """Keys that finish, in the order in which they do."""

    def __init__(self, driver, keys):
        self.open = set(keys)
        self.finished = collections.deque()
        self.there = asyncio.Event()
        self.tasks = [asyncio.ensure_future(self.one(driver, key)) for key in keys]

    async def one(self, driver, key):
        try:
            await driver.finished(key)
            error = None
        except (asyncio.CancelledError, Exception) as raised:
            error = told(raised)
        self.open.discard(key)
        self.finished.append((key, error))
        self.there.set()

    async def take(self, most):
        if self.open or self.finished:
            await self.there.wait()
        some = [self.finished.popleft() for _ in range(min(most, len(self.finished)))]
        self.put_back([])
        return some

    def put_back(self, some):
        self.finished.extendleft(reversed(some))
        if self.finished or not self.open:
            self.there.set()
        else:
            self.there.clear()

    def end(self):
        for task in self.tasks:
            task.cancel()


def packages(versions):
    found = versions.get("packages", {}) if isinstance(versions, dict) else {}
    return {name: version for name, version in dict(found).items() if isinstance(version, str)}


def told(error):
    """An exception as the manager hears it."""
    message = str(error)
    if isinstance(error, Problem):
        return {"kind": error.kind, "type": "", "message": message}
    if isinstance(error, RuntimeError) and message.startswith(MARK):
        return json.loads(message[len(MARK) :])
    if isinstance(error, KilledWorker):
        kind = "WorkerKilled"
    elif isinstance(error, (asyncio.CancelledError, concurrent.futures.CancelledError)):
        kind = "Cancelled"
    elif isinstance(error, (TimeoutError, asyncio.TimeoutError)):
        kind = "Timeout"
    else:
        kind = "Scheduler"
    return {"kind": kind, "type": type(error).__name__, "message": message}


def text_of(made):
    if "report" in made:
        raise RuntimeError(made["report"])
    return made["text"]


def outcome(error, made):
    if error is None and made is not None and "report" in made:
        error = told(RuntimeError(made["report"]))
    if error is not None:
        return {"error": error}
    return {} if made is None else {"text": made["text"]}


async def together(coroutines):
    """All results, or the first failure at once; nothing goes on behind it."""
    tasks = [asyncio.ensure_future(each) for each in coroutines]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


class OneConnection(Client):
    """Dask cancels every future when the scheduler goes, and a new scheduler has none of them: say so and end."""

    async def _reconnect(self):
        self.lost.set()


class Driver:
    def __init__(self):
        self.futures = {}
        self.watches = {}
        self.running = {}
        self.dropped = set()
        self.ended = asyncio.Event()
        self.lost = asyncio.Event()
        # One thread: whole lines, and a manager that reads slowly does not stall the event loop.
        self.writer = concurrent.futures.ThreadPoolExecutor(1)

    def write(self, message):
        _answers.write(json.dumps(message, separators=(",", ":")).encode("ascii") + b"\n")
        _answers.flush()

    async def say(self, message):
        await asyncio.get_running_loop().run_in_executor(self.writer, self.write, message)

    def read(self, loop):
        # A thread, because the start of our input is in this buffer already.
        for line in sys.stdin.buffer:
            loop.call_soon_threadsafe(self.receive, line)
        loop.call_soon_threadsafe(self.ended.set)

    def receive(self, line):
        request = json.loads(line)
        if request["op"] == "drop":
            task = self.running.get(request["target"])
            if task is not None:
                self.dropped.add(request["target"])
                task.cancel()
            return
        task = asyncio.ensure_future(self.serve(request))
        self.running[request["id"]] = task
        task.add_done_callback(lambda _: self.forget(request["id"]))

    def forget(self, id):
        self.running.pop(id, None)
        self.dropped.discard(id)

    async def serve(self, request):
        try:
            answer = {"id": request["id"], "ok": await getattr(self, "op_" + request["op"])(request)}
        # Dask cancels with a class that is no Exception.
        except (asyncio.CancelledError, Exception) as error:
            answer = {"id": request["id"], "error": told(error)}
        # Where it was us, nobody waits for an answer, and nobody will hear these keys.
        if request["id"] in self.dropped:
            if request["op"] == "submit":
                await self.op_release({"keys": answer.get("ok", ())})
            elif request["op"] == "scatter":
                await self.op_release({"keys": [answer["ok"]] if "ok" in answer else ()})
            elif request["op"] == "watch":
                await self.op_unwatch({"watch": answer.get("ok")})
            return
        await self.say(answer)

    def future(self, key):
        held = self.futures.get(key)
        if held is None:
            raise Problem("Unknown", "no future {} in this client: it was released, or it is of another one".format(key))
        future = held.future
        if future.status == "cancelled":
            raise Problem("Cancelled", "{} was cancelled".format(key))
        return future

    def template(self, item, values):
        if "future" in item:
            values.append(self.future(item["future"]))
            return {"future": len(values) - 1}
        if "list" in item:
            return {"list": [self.template(each, values) for each in item["list"]]}
        return item

    def key(self, request, index):
        """Dask runs what has one key once: a pure call's is made of all that decides about its value."""
        keys = request.get("keys")
        if keys is not None:
            return keys[index]
        name = request["code"]["name"]
        if request.get("options", {}).get("pure", False):
            text = json.dumps([request["code"], request["calls"][index]], sort_keys=True)
            return "{}-{}".format(name, hashlib.sha256(text.encode()).hexdigest()[:32])
        return "{}-{}".format(name, uuid.uuid4().hex)

    def hold(self, key, name, future):
        held = self.futures.get(key)
        if held is None:
            self.futures[key] = Held(name, future)
        else:
            held.holders += 1
            if held.future.status == "cancelled":
                held.future = future

    async def placed(self, names):
        """Workers by name or address. What nobody has Dask takes for a host, and waits for it without an end."""
        if not names:
            return names
        there = (await self.client.scheduler.identity(n_workers=-1))["workers"]
        named = {str(worker["name"]): address for address, worker in there.items()}
        hosts = {worker["host"]: worker["host"] for worker in there.values()}
        bare = {address.split("://")[-1]: address for address in there}
        known = {**hosts, **bare, **{address: address for address in there}, **named}
        unknown = [name for name in names if name not in known]
        if unknown:
            first = sorted(named)[:20]
            more = " and {} more".format(len(named) - len(first)) if len(named) > len(first) else ""
            raise Problem(
                "NoWorker",
                "no worker is named {}; there {} {}{}".format(
                    ", ".join(unknown), "are" if len(named) > 1 else "is", ", ".join(first) or "none", more
                ),
            )
        return [known[name] for name in names]

    async def op_submit(self, request):
        options = request.get("options", {})
        workers = await self.placed(options.get("workers"))
        keys = []
        try:
            for index, one in enumerate(request["calls"]):
                values = []
                inputs = {name: self.template(item, values) for name, item in one["inputs"].items()}
                spec = {"code": request["code"], "values": one["values"], "inputs": inputs}
                key = self.key(request, index)
                # Bytes: Dask looks for keys and futures inside lists and dicts, never inside these.
                future = self.client.submit(
                    call,
                    MODULE,
                    json.dumps(spec).encode(),
                    values,
                    key=key,
                    pure=False,
                    workers=workers,
                    allow_other_workers=False,
                    priority=options.get("priority", 0),
                    retries=options.get("retries", 0),
                    resources=options.get("resources"),
                )
                self.hold(key, request["code"]["name"], future)
                keys.append(key)
                if len(keys) % 50 == 0:
                    await asyncio.sleep(0)
        except BaseException:
            # Nobody hears of those that were made before.
            await self.op_release({"keys": keys})
            raise
        return keys

    async def op_scatter(self, request):
        # Under a key of ours: Dask's own would be made of the value.
        key = "{}-{}".format(request["name"], uuid.uuid4().hex)
        made = await self.client.scatter(
            {key: request["value"]},
            workers=await self.placed(request["options"].get("workers")),
            broadcast=request["options"].get("broadcast", False),
            hash=False,
        )
        self.hold(key, request["name"], made[key])
        return key

    async def finished(self, key):
        """Waits for a future; raises what it raised."""
        future = self.future(key)
        error = await future.exception()
        if error is None and future.status == "cancelled":
            raise Problem("Cancelled", "{} was cancelled".format(key))
        if error is not None:
            raise error

    async def texts_of(self, keys, workers):
        """For each key the text of its value, or its report."""
        # Results go before further work, else a long queue would keep them back.
        futures = [self.future(key) for key in keys]
        made = await self.client.submit(
            texts,
            MODULE,
            [self.futures[key].name for key in keys],
            futures,
            key="json-" + uuid.uuid4().hex,
            pure=False,
            priority=1000,
            workers=workers,
            allow_other_workers=workers is not None,
        )
        return dict(zip(keys, made))

    async def all_texts_of(self, keys):
        # One task for many values that one worker holds, not a task for each.
        held = await self.client.scheduler.who_has(keys=keys)
        batches = {}
        for key in keys:
            batches.setdefault(tuple(held.get(key, ()))[:1], []).append(key)
        made = await together(
            self.texts_of(some[at : at + 256], list(workers) or None)
            for workers, some in batches.items()
            for at in range(0, len(some), 256)
        )
        return {key: text for some in made for key, text in some.items()}

    async def op_result(self, request):
        key = request["key"]
        await self.finished(key)
        return text_of((await self.texts_of([key], None))[key])

    async def op_gather(self, request):
        keys = list(dict.fromkeys(request["keys"]))
        await together(self.finished(key) for key in keys)
        found = await self.all_texts_of(keys)
        return [text_of(found[key]) for key in request["keys"]]

    async def op_finished(self, request):
        await together(self.finished(key) for key in dict.fromkeys(request["keys"]))

    async def op_watch(self, request):
        # What is unknown is told of now, what was cancelled in its turn.
        keys = list(dict.fromkeys(request["keys"]))
        for key in keys:
            if key not in self.futures:
                self.future(key)
        watch = Watch(self, keys)
        self.watches[request["id"]] = watch
        return request["id"]

    def released(self, key):
        """That a watched key was let go meanwhile is news of this key, not of all."""
        try:
            self.future(key)
        except Problem as problem:
            return told(problem)
        return None

    async def op_next(self, request):
        """What has finished since, of a watch: waits for the first. Nothing, once there is nothing more to come."""
        watch = self.watches.get(request["watch"])
        if watch is None:
            return []
        some = [(key, error or self.released(key)) for key, error in await watch.take(request["most"])]
        try:
            texts = await self.all_texts_of([key for key, error in some if error is None]) if request["texts"] else {}
        except (asyncio.CancelledError, Exception):
            watch.put_back(some)
            raise
        return [{"key": key, **outcome(error, texts.get(key))} for key, error in some]

    async def op_unwatch(self, request):
        watch = self.watches.pop(request["watch"], None)
        if watch is not None:
            watch.end()

    async def op_cancel(self, request):
        await self.client.cancel([self.futures[key].future for key in request["keys"] if key in self.futures], force=True)

    async def op_release(self, request):
        for key in request["keys"]:
            held = self.futures.get(key)
            if held is not None:
                held.holders -= 1
                if held.holders == 0:
                    # Not left to Python: an exception that is being told may have it still.
                    self.futures.pop(key).future.release()

    async def op_who_has(self, request):
        held = await self.client.scheduler.who_has(keys=[self.future(key).key for key in request["keys"]])
        workers = (await self.client.scheduler.identity(n_workers=-1))["workers"]
        return {
            key: [
                {"address": address, "name": str(workers[address]["name"] if address in workers else address)}
                for address in held.get(key, ())
            ]
            for key in request["keys"]
        }

    async def op_info(self, request):
        identity = await self.client.scheduler.identity(n_workers=-1)
        versions = await self.client.get_versions()
        return {
            "scheduler": {"address": identity["address"], "versions": packages(versions["scheduler"])},
            "workers": [
                {
                    "address": address,
                    "name": str(worker["name"]),
                    "threads": worker["nthreads"],
                    "memoryLimit": worker["memory_limit"] or 0,
                    "resources": worker["resources"],
                    "status": worker["status"],
                    "versions": packages(versions["workers"].get(address)),
                }
                for address, worker in identity["workers"].items()
            ],
        }

    async def op_retire(self, request):
        # What is not there has nothing to hand on.
        names = set(request["names"])
        workers = (await self.client.scheduler.identity(n_workers=-1))["workers"]
        there = [address for address, worker in workers.items() if str(worker["name"]) in names]
        retired = await self.client.retire_workers(there, close_workers=False, remove=True) if there else {}
        left = [str(workers[address]["name"]) for address in there if address not in retired]
        if left:
            raise Problem("Scheduler", "no other worker can take the values of {}".format(", ".join(left)))

    async def op_wanted(self, request):
        return await self.client.scheduler.adaptive_target(target_duration=request["target"])

    async def op_wait_for_workers(self, request):
        await self.client.wait_for_workers(request["n"], timeout=request["timeout"])

    async def main(self):
        try:
            self.client = await OneConnection(
                ADDRESS, asynchronous=True, set_as_default=False, timeout=float(CONNECT_SECONDS), name="lazycluster"
            )
            self.client.lost = self.lost
            # Dask would unpickle the type of each value here, which may be a class of the user's.
            in_memory = self.client._stream_handlers["key-in-memory"]
            self.client._stream_handlers["key-in-memory"] = lambda key=None, type=None, workers=None: in_memory(key=key)
            await self.client.register_plugin(Calling(MODULE, CALLING), name=MODULE)
        except Exception as error:
            await self.say({"event": "failed", "detail": "{}: {}".format(type(error).__name__, error)})
            return 1
        await self.say({"event": "ready", "version": 1})
        threading.Thread(target=self.read, args=(asyncio.get_running_loop(),), daemon=True).start()
        events = [asyncio.ensure_future(event.wait()) for event in (self.ended, self.lost)]
        await asyncio.wait(events, return_when=asyncio.FIRST_COMPLETED)
        if self.lost.is_set():
            await self.say({"event": "lost", "detail": "the connection to the scheduler at {} is gone".format(ADDRESS)})
            return 1
        for task in list(self.running.values()):
            task.cancel()
        try:
            await asyncio.wait_for(self.client.close(), 5)
        except Exception:
            pass
        return 0


async def run():
    return await Driver().main()


code = asyncio.run(run())
sys.stderr.flush()
# The reader thread holds standard input, and a normal end of the interpreter would trip over it.
os._exit(code)
