# Speaks Dask for the manager: newline-delimited JSON on standard input and output, many requests in flight.
# Words: SCHEDULER_ADDRESS CALLING CONNECT_SECONDS, the second being the source of calling.py.
# Says first {"event": "ready", ...} or {"event": "failed", "detail": ...}; later {"event": "lost", ...} and ends when the
# scheduler has gone. Requests are {"id", "op", ...}; answers {"id", "ok": ...} or {"id", "error": {"kind", ...}}.
# Ends at the end of its input. Values stay on the cluster: only JSON text made by a worker comes here.
import asyncio
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
            return
        await self.say(answer)

    def future(self, key):
        future = self.futures.get(key)
        if future is None:
            raise Problem("Unknown", "no future {} in this client: it was released, or it is of another one".format(key))
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

    async def op_submit(self, request):
        options = request.get("options", {})
        keys = []
        for one in request["calls"]:
            values = []
            inputs = {name: self.template(item, values) for name, item in one["inputs"].items()}
            spec = {"code": request["code"], "values": one["values"], "inputs": inputs}
            key = "{}-{}".format(request["code"]["name"], uuid.uuid4().hex)
            # Bytes: Dask looks for keys and futures inside lists and dicts, never inside these.
            self.futures[key] = self.client.submit(
                call,
                MODULE,
                json.dumps(spec).encode(),
                values,
                key=key,
                pure=False,
                workers=options.get("workers"),
                allow_other_workers=False,
                priority=options.get("priority", 0),
                retries=options.get("retries", 0),
            )
            keys.append(key)
            if len(keys) % 50 == 0:
                await asyncio.sleep(0)
        return keys

    async def finished(self, key):
        """Waits for a future; raises what it raised."""
        future = self.future(key)
        error = await future.exception()
        if error is None and future.status == "cancelled":
            raise Problem("Cancelled", "{} was cancelled".format(key))
        if error is not None:
            raise error

    async def texts_of(self, keys, workers):
        # Results go before further work, else a long queue would keep them back.
        made = await self.client.submit(
            texts,
            MODULE,
            [key.rsplit("-", 1)[0] for key in keys],
            [self.future(key) for key in keys],
            key="json-" + uuid.uuid4().hex,
            pure=False,
            priority=1000,
            workers=workers,
            allow_other_workers=workers is not None,
        )
        return dict(zip(keys, made))

    async def op_result(self, request):
        key = request["key"]
        await self.finished(key)
        return (await self.texts_of([key], None))[key]

    async def op_gather(self, request):
        keys = list(dict.fromkeys(request["keys"]))
        await together(self.finished(key) for key in keys)
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
        found = {key: text for some in made for key, text in some.items()}
        return [found[key] for key in request["keys"]]

    async def op_cancel(self, request):
        await self.client.cancel([self.futures[key] for key in request["keys"] if key in self.futures], force=True)

    async def op_release(self, request):
        for key in request["keys"]:
            self.futures.pop(key, None)

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
