# Makes a Python environment on this host, once, or finds the one made before, or looks at an interpreter as it is.
# Words: one, the request as JSON. It prints one JSON message a line: {"step", "detail"}, {"ask", ...}, and at the end {"done"} or
# {"failed"}. An {"ask"} is answered by a line on standard input. Python 3.6 gets far enough to say that it is too old.
import json
import os
import sys
import time

request = json.loads(sys.argv[1])
TAIL = 30

# Run by the interpreter of the environment: what is installed there, as Python itself sees it.
LOOK = r"""
import json, re, sys, sysconfig
import importlib.metadata as metadata
sys.path[:] = [p for p in sys.path if p]
versions = {}
for found in metadata.distributions():
    name = found.metadata["Name"]
    if name:
        versions.setdefault(re.sub(r"[-_.]+", "-", name).lower(), found.version)
print(json.dumps({"versions": versions, "packages": sysconfig.get_path("purelib"), "python": sys.executable}))
"""


# What ensurepip does, in a tenth of its time: it runs pip from the wheel to install that wheel.
UNPACK_PIP = r"""
import ensurepip, glob, os, sysconfig, zipfile
folders = [os.path.join(os.path.dirname(ensurepip.__file__), "_bundled"), sysconfig.get_config_var("WHEEL_PKG_DIR") or ""]
wheels = [wheel for folder in folders for wheel in glob.glob(os.path.join(folder, "pip-*.whl"))]
zipfile.ZipFile(wheels[-1]).extractall(sysconfig.get_path("purelib"))
"""


class Failed(Exception):
    def __init__(self, reason, step, detail, log=()):
        super().__init__(detail)
        self.message = {"reason": reason, "step": step, "detail": detail, "log": list(log)}


def say(**message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def ask(**message):
    say(**message)
    line = sys.stdin.buffer.readline()
    if not line:
        raise Failed("Install", "wheels", "the manager has gone")
    return json.loads(line.decode("utf-8"))


def run(argv, reason, step, detail, show=None, timeout=None, **options):
    """Output of a command, both streams as they came. Fails with its last lines."""
    import collections
    import re
    import subprocess
    import threading

    lines = collections.deque(maxlen=TAIL)
    late = []
    child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    timer = threading.Timer(timeout or request["deadline"], lambda: (late.append(True), child.kill()))
    timer.daemon = True
    timer.start()
    try:
        for raw in child.stdout:
            # pip hides passwords of indexes, not everything that it starts does.
            line = re.sub(r"//[^/@\s]+@", "//***@", raw.decode("utf-8", "replace").rstrip())
            lines.append(line)
            if show and re.match(r"\s*(Collecting|Downloading|Processing|Building|Installing|Prepared|Resolved) ?\S", line):
                say(step=show, detail=line.strip())
        child.wait()
    finally:
        timer.cancel()
        if child.poll() is None:
            child.kill()
            child.wait()
    if late:
        raise Failed(reason, step, "%s: not done after %d s" % (detail, timeout or request["deadline"]), lines)
    if child.returncode != 0:
        raise Failed(reason, step, "%s: exit code %d" % (detail, child.returncode), lines)
    return "\n".join(lines)


# Python


def satisfies(version):
    operators = {
        "==": lambda a, b: a == b,
        "!=": lambda a, b: a != b,
        ">=": lambda a, b: a >= b,
        "<=": lambda a, b: a <= b,
        ">": lambda a, b: a > b,
        "<": lambda a, b: a < b,
    }
    return all(operators[op](tuple(version[: len(bound)]), tuple(bound)) for op, bound in request["python"])


SELF = (
    "import json, sys; print(json.dumps({'version': list(sys.version_info[:3]), 'implementation': sys.implementation.name, "
    "'flags': getattr(sys, 'abiflags', ''), 'executable': sys.executable, 'wide': sys.maxsize > 2**32}))"
)


def interpreters():
    import shutil
    import subprocess

    yield {
        "version": list(sys.version_info[:3]),
        "implementation": sys.implementation.name,
        "flags": getattr(sys, "abiflags", ""),
        "executable": sys.executable,
        "wide": sys.maxsize > 2**32,
    }
    for minor in range(30, 7, -1):
        path = satisfies([3, minor]) and shutil.which("python3.%d" % minor)
        if path:
            # A name on the PATH may be a shim with nothing behind it.
            try:
                told = subprocess.check_output([path, "-I", "-c", SELF], stderr=subprocess.DEVNULL, timeout=20)
                yield json.loads(told.decode("utf-8"))
            except (OSError, ValueError, subprocess.SubprocessError):
                continue


def choose():
    found = []
    for candidate in interpreters():
        if candidate["version"] >= [3, 8] and satisfies(candidate["version"]):
            return candidate
        found.append("%s (%s)" % (".".join(map(str, candidate["version"])), candidate["executable"]))
    raise Failed("PythonVersion", "find Python", "found " + ", ".join(found))


def tag(python):
    kind = {"cpython": "cp", "pypy": "pp"}.get(python["implementation"], python["implementation"])
    return "%s%d%d%s" % (kind, python["version"][0], python["version"][1], python["flags"])


def place(python):
    """Names where an interpreter is: hosts that share a home may have the same version at different paths."""
    import hashlib

    return hashlib.sha256(os.path.realpath(python["executable"]).encode("utf-8", "surrogateescape")).hexdigest()[:8]


def platforms(python):
    """Platform tags of wheels that run here, best first."""
    machine = os.uname().machine
    if not python["wide"]:
        machine = {"x86_64": "i686", "aarch64": "armv7l"}.get(machine, machine)
    try:
        libc = (os.confstr("CS_GNU_LIBC_VERSION") or "").split()
    except (AttributeError, OSError, ValueError):
        libc = []
    if sys.platform == "darwin":
        import platform

        major, minor = (list(map(int, platform.mac_ver()[0].split("."))) + [0])[:2]
        names = ["%d_0" % v for v in range(major, 10, -1)] if major > 10 else []
        names += ["10_%d" % v for v in range(minor if major == 10 else 16, 8, -1)]
        return ["macosx_%s_%s" % (name, arch) for name in names for arch in (machine, "universal2")]
    if len(libc) == 2 and libc[0] == "glibc":
        minor = int(libc[1].split(".")[1])
        names = ["manylinux_2_%d" % v for v in range(minor, 4, -1)]
        return ["%s_%s" % (n, machine) for n in names + ["manylinux2014", "manylinux2010", "manylinux1"]]
    musl = request["musl"]
    return ["musllinux_1_%d_%s" % (v, machine) for v in range(musl, -1, -1)] if musl is not None else []


# Requirements


def holds(marker, python):
    """Whether an environment marker is true: it has the grammar of a Python expression."""
    import ast
    import operator
    import platform

    full = ".".join(map(str, python["version"]))
    values = {
        "python_version": ".".join(full.split(".")[:2]),
        "python_full_version": full,
        "sys_platform": sys.platform,
        "os_name": os.name,
        "platform_system": platform.system(),
        "platform_machine": os.uname().machine,
        "platform_release": os.uname().release,
        "implementation_name": python["implementation"],
        "platform_python_implementation": {"cpython": "CPython", "pypy": "PyPy"}.get(python["implementation"], ""),
        "extra": "",
    }
    compare = {
        ast.Lt: operator.lt,
        ast.LtE: operator.le,
        ast.Gt: operator.gt,
        ast.GtE: operator.ge,
        ast.Eq: operator.eq,
        ast.NotEq: operator.ne,
        ast.In: lambda a, b: a in b,
        ast.NotIn: lambda a, b: a not in b,
    }

    def value(node):
        return values[node.id] if isinstance(node, ast.Name) else ast.literal_eval(node)

    def truth(node):
        if isinstance(node, ast.BoolOp):
            return (all if isinstance(node.op, ast.And) else any)(truth(each) for each in node.values)
        if not isinstance(node, ast.Compare) or len(node.ops) != 1:
            raise ValueError("not a comparison")
        sides = [node.left, node.comparators[0]]
        a, b = map(value, sides)
        if any(isinstance(s, ast.Name) and s.id.startswith("python_") for s in sides) and " " not in a + b:
            a, b = release(a), release(b)
        return compare[type(node.ops[0])](a, b)

    try:
        return truth(ast.parse(marker.strip(), mode="eval").body)
    except (KeyError, SyntaxError, TypeError, ValueError) as error:
        raise Failed("NotPinned", "read packages", "the marker %r cannot be read: %s" % (marker, error))


def release(version):
    """A version in a form that compares: 3.0 is 3.0.0."""
    parts = [int(part) if part.isdigit() else part for part in version.lower().lstrip("v").split(".")]
    while len(parts) > 1 and parts[-1] == 0:
        parts.pop()
    return parts


def wanted(python):
    return [pin for pin in request["pins"] if not pin["marker"] or holds(pin["marker"], python)]


def verify(pins, versions, step):
    wrong = []
    for pin in pins:
        have = versions.get(pin["name"])
        # "2.13.0" is also met by "2.13.0+cpu".
        if have is None:
            wrong.append("%s is missing, %s is wanted" % (pin["name"], pin["version"]))
        elif release(pin["version"]) not in (release(have), release(have.split("+")[0])):
            wrong.append("%s is %s, %s is wanted" % (pin["name"], have, pin["version"]))
    if wrong:
        raise Failed("Check", step, "; ".join(wrong))


# The environment that was made before


def contents(packages):
    return sorted(name for name in os.listdir(packages) if name.endswith((".dist-info", ".egg-info")))


def stamp_path(directory):
    return os.path.join(directory, "lazycluster.json")


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def write_stamp(directory, stamp):
    path = stamp_path(directory)
    draft = "%s.%d" % (path, os.getpid())
    with open(draft, "w") as file:
        json.dump(stamp, file, indent=1)
    os.replace(draft, path)


def made_before(directory):
    """Its stamp, when the interpreter is still there and nothing was added, removed or changed since."""
    try:
        with open(stamp_path(directory)) as file:
            stamp = json.load(file)
        if not os.path.exists(stamp["python"]) or contents(stamp["sitePackages"]) != stamp["contents"]:
            return None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    stamp["lastUsed"] = now()
    try:
        write_stamp(directory, stamp)
    except OSError:
        pass
    return stamp


def finish(stamp, directory, made):
    keys = ("python", "pythonVersion", "versions", "size")
    say(done=dict({key: stamp[key] for key in keys}, directory=directory, made=made))


# Making


class Lock:
    """
    Two locks in one, for homes may be shared. The first is held until its file is closed here and in every child that got it:
    a child that outlives us still keeps others of this host out. Over NFS it may hold nobody of another host, or not be had at
    all; so the second is a file that is linked into place, which is atomic there, and says who has it. Only of its own host
    can it be said that whoever that was has gone.
    """

    def __init__(self, path):
        self.path = path + ".owner"
        self.file = open(path, "a+")
        self.me = myself()
        self.told = None
        self.until = time.monotonic() + request["lockDeadline"]

    def fileno(self):
        return self.file.fileno()

    def wait(self, holder):
        if self.told != holder:
            self.told = holder
            say(step="waiting", detail="%s makes it" % holder)
        if time.monotonic() > self.until:
            raise Failed("Locked", "wait", "%s held %s for more than %g s" % (holder, self.path, request["lockDeadline"]))
        time.sleep(0.2)

    def owner(self):
        return owner_of(self.path)

    def claim(self):
        return claim(self.path, self.me)

    def __enter__(self):
        import fcntl

        while True:
            try:
                fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                owner = self.owner()
                self.wait("process %d" % owner["pid"] if owner else "another process")
            except OSError:
                # There are no such locks here.
                break
        while not self.claim():
            owner = self.owner()
            if owner and owner["host"] == self.me["host"] and not lives(owner):
                # Renamed, so that of two who find this only one takes it away.
                try:
                    os.rename(self.path, "%s.%d" % (self.path, self.me["pid"]))
                    os.unlink("%s.%d" % (self.path, self.me["pid"]))
                except OSError:
                    pass
            elif owner:
                self.wait("process %d of %s" % (owner["pid"], owner["host"].split(" ")[0]))
            else:
                # Just given up, mostly.
                self.wait("another process")
        return self

    def __exit__(self, *_):
        if self.owner() == self.me:
            os.unlink(self.path)
        self.file.close()


def clean_environment(**more):
    """Nothing of the user's shell may lead an installer to another place."""
    dropped = {"PYTHONPATH", "PYTHONHOME", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_CONSTRAINT", "VIRTUAL_ENV", "UV_PYTHON"}
    return dict({k: v for k, v in os.environ.items() if k not in dropped}, PIP_USER="0", **more)


def pip(python, *words):
    return [python, "-I", "-m", "pip"] + list(words) + ["--no-input", "--disable-pip-version-check"]


def make_venv(base, directory, uv, keep):
    import shutil

    env = clean_environment()
    if uv:
        run([uv, "venv", "--python", base, directory], "Install", "make environment", "uv venv", env=env, pass_fds=keep)
        return
    try:
        run([base, "-I", "-m", "venv", "--without-pip", directory], "Install", "make environment", "python -m venv", env=env)
        python = os.path.join(directory, "bin", "python")
        run([python, "-I", "-c", UNPACK_PIP], "NoVenv", "make environment", "%s has no ensurepip" % base, env=env)
    except Failed:
        # What venv itself says when it is asked for pip too names the package to install.
        shutil.rmtree(directory, ignore_errors=True)
        try:
            run([base, "-I", "-m", "venv", directory], "Install", "make environment", "python -m venv", env=env, pass_fds=keep)
        except Failed as full:
            try:
                run([base, "-I", "-c", "import venv, ensurepip"], "NoVenv", "make environment", "%s lacks it" % base, env=env)
            except Failed as missing:
                missing.message["log"] = full.message["log"] or missing.message["log"]
                raise missing
            raise full


def reaches_index(python, uv, name, keep):
    """Asks the configured index for one page, within a bound."""
    try:
        if uv:
            argv = [uv, "pip", "install", "--dry-run", "--no-deps", "--python", python, name]
            env = clean_environment(UV_HTTP_TIMEOUT="5", UV_HTTP_RETRIES="0")
        else:
            argv = pip(python, "index", "versions", name, "--timeout", "5", "--retries", "0")
            env = clean_environment()
        run(argv, "Install", "ask index", name, env=env, timeout=30, pass_fds=keep)
        return None
    except Failed as error:
        return error


def digest(path):
    import hashlib

    sha = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            sha.update(block)
    return sha.hexdigest()


def fetch_wheels(python, pins, refused):
    """Paths of all wheels, in the cache of this host; the manager sends those that are missing."""
    names = platforms(python)
    if not names:
        # pip would take those of the manager instead.
        raise Failed("Download", "download wheels", "no wheels are known for %s" % " ".join((os.uname().sysname, os.uname().machine)))
    answer = ask(
        ask="wheels",
        requirements=[pin["line"] for pin in pins],
        python=".".join(map(str, python["version"])),
        implementation=tag(python)[:2],
        abi=tag(python),
        platforms=names,
        refused=refused.message["log"] if refused else [],
    )
    paths = {w["sha256"]: os.path.join(request["cache"], "wheels", w["sha256"], w["name"]) for w in answer["wheels"]}
    for attempt in range(3):
        missing = []
        for sha, path in paths.items():
            if not os.path.exists(path):
                missing.append(sha)
            elif digest(path) != sha:
                os.remove(path)
                missing.append(sha)
            else:
                os.utime(path)
        if not missing:
            return list(paths.values())
        if attempt < 2:
            ask(ask="send", missing=missing)
    raise Failed("Download", "send wheels", "wheels arrive damaged: %s" % ", ".join(paths[sha] for sha in missing))


def install(python, directory, uv, pins, wheels, keep):
    requirements = os.path.join(directory, "requirements.txt")
    with open(requirements, "w") as file:
        file.write("".join(pin["line"] + "\n" for pin in pins))
    env = clean_environment()
    words = ["-r", requirements]
    if wheels is not None:
        links = os.path.join(directory, "wheels")
        os.mkdir(links)
        for path in wheels:
            os.symlink(path, os.path.join(links, os.path.basename(path)))
        words += ["--no-index", "--find-links", links]
        # Only what the manager sent counts: a configured --find-links would be looked at as well.
        for name in ("PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_FIND_LINKS"):
            env.pop(name, None)
        env["PIP_CONFIG_FILE"] = os.devnull
    if uv:
        argv = [uv, "pip", "install", "--python", python] + words + (["--offline"] if wheels is not None else [])
    else:
        argv = pip(python, "install", "--progress-bar", "off", "--no-warn-script-location", *words)
    run(argv, "Install", "install", "uv" if uv else "pip", show="installing", env=env, pass_fds=keep)
    if wheels is not None:
        for path in wheels:
            os.remove(os.path.join(links, os.path.basename(path)))
        os.rmdir(links)


def look(python, step, *flags):
    import subprocess

    try:
        child = subprocess.run([python, *flags, "-c", LOOK], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    except (OSError, subprocess.SubprocessError) as error:
        raise Failed("Check", step, "%s does not run: %s" % (python, error))
    try:
        return json.loads(child.stdout.decode("utf-8"))
    except ValueError:
        log = child.stderr.decode("utf-8", "replace").splitlines()[-TAIL:]
        raise Failed("Check", step, "%s does not run: exit code %d" % (python, child.returncode), log)


def size_of(directory):
    total = 0
    for folder, _, names in os.walk(directory):
        for name in names:
            total += os.lstat(os.path.join(folder, name)).st_size
    return total


def make(directory, base, pins, keep):
    import shutil

    uv = shutil.which("uv")
    python = os.path.join(directory, "bin", "python")
    shutil.rmtree(directory, ignore_errors=True)
    whole = False
    try:
        say(step="making", detail="%s with Python %s" % (directory, ".".join(map(str, base["version"]))))
        make_venv(base["executable"], directory, uv, keep)
        refused = None
        if request["wheels"] == "auto" and pins:
            refused = reaches_index(python, uv, pins[0]["name"], keep)
        wheels = None
        if request["wheels"] == "always" or refused:
            wheels = fetch_wheels(base, pins, refused)
        say(step="installing", detail="%d packages%s" % (len(pins), "" if wheels is None else " from wheels"))
        if pins:
            install(python, directory, uv, pins, wheels, keep)
        say(step="checking", detail="")
        seen = look(python, "check", "-I")
        verify(pins, seen["versions"], "check")
        stamp = {
            "version": 1,
            "packages": [pin["line"] for pin in pins],
            "created": now(),
            "lastUsed": now(),
            "size": size_of(directory),
            "python": python,
            "pythonVersion": ".".join(map(str, base["version"])),
            "versions": seen["versions"],
            "sitePackages": seen["packages"],
            "contents": contents(seen["packages"]),
        }
        write_stamp(directory, stamp)
        whole = True
        return stamp
    finally:
        if not whole:
            shutil.rmtree(directory, ignore_errors=True)


def provision():
    base = choose()
    directory = request["directory"].replace("%TAG%", "%s-%s" % (tag(base), place(base)))
    stamp = made_before(directory)
    if stamp:
        return finish(stamp, directory, False)
    os.makedirs(os.path.dirname(directory), exist_ok=True)
    with Lock(directory + ".lock") as held:
        stamp = made_before(directory)
        if stamp:
            return finish(stamp, directory, False)
        finish(make(directory, base, wanted(base), (held.fileno(),)), directory, True)


def existing():
    if sys.version_info < (3, 8) or not satisfies(sys.version_info[:3]):
        raise Failed("PythonVersion", "check interpreter", "found %s (%s)" % (sys.version.split()[0], sys.executable))
    base = next(interpreters())
    # Not isolated: PYTHONPATH and the user's own packages count for what is started with it as well.
    seen = look(sys.executable, "check interpreter")
    verify(wanted(base), seen["versions"], "check interpreter")
    version = ".".join(map(str, base["version"]))
    found = {"python": sys.executable, "pythonVersion": version, "versions": seen["versions"], "size": 0}
    finish(found, sys.prefix, False)


def main():
    import signal

    # A half-made directory goes with us; without this a signal would leave it to the next maker.
    for each in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(each, lambda number, _: sys.exit(128 + number))
    try:
        existing() if request["mode"] == "existing" else provision()
    except Failed as error:
        say(failed=error.message)
    except OSError as error:
        say(failed={"reason": "Install", "step": "use the cache", "detail": str(error), "log": []})


main()
