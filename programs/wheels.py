# Downloads wheels for another machine into the cache of this one and prints where they are, as one JSON line: {"done"} or {"failed"}.
# Words: one, the request as JSON. Asked again for the same it only looks.
import collections
import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys

request = json.loads(sys.argv[1])
root = os.path.join(request["cache"], "wheels")


def say(**message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def path_of(wheel):
    return os.path.join(root, wheel["sha256"], wheel["name"])


def kept(listing):
    """The wheels of an earlier download, when all are still there."""
    try:
        with open(listing) as file:
            wheels = json.load(file)
        return wheels if all(os.path.getsize(path_of(wheel)) == wheel["size"] for wheel in wheels) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def store(folder):
    wheels = []
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as file:
            content = file.read()
        wheel = {"sha256": hashlib.sha256(content).hexdigest(), "name": name, "size": len(content)}
        os.makedirs(os.path.dirname(path_of(wheel)), exist_ok=True)
        os.replace(os.path.join(folder, name), path_of(wheel))
        wheels.append(wheel)
    return wheels


def download(folder, held):
    requirements = os.path.join(folder, "requirements.txt")
    with open(requirements, "w") as file:
        file.write("".join(line + "\n" for line in request["requirements"]))
    wheels = os.path.join(folder, "wheels")
    argv = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    argv += ["--only-binary=:all:", "--no-deps", "--dest", wheels, "-r", requirements]
    argv += ["--python-version", request["python"], "--implementation", request["implementation"], "--abi", request["abi"]]
    for platform in request["platforms"]:
        argv += ["--platform", platform]
    lines = collections.deque(maxlen=30)
    # A folder chosen by the user is for packages to be installed, which this is not.
    env = {key: value for key, value in os.environ.items() if key not in ("PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PIP_ROOT")}
    child = subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env, pass_fds=(held.fileno(),)
    )
    try:
        for raw in child.stdout:
            line = re.sub(r"//[^/@\s]+@", "//***@", raw.decode("utf-8", "replace").rstrip())
            lines.append(line)
            if re.match(r"\s*(Collecting|Downloading|Processing) \S", line):
                say(step="downloading", detail=line.strip())
        child.wait()
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
    if child.returncode != 0:
        say(failed={"reason": "Download", "step": "pip download", "detail": "exit code %d" % child.returncode, "log": list(lines)})
        return None
    return store(wheels)


# So that a folder half full goes with us.
for each in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
    signal.signal(each, lambda number, _: sys.exit(128 + number))

asked = {key: request[key] for key in ("requirements", "python", "implementation", "abi", "platforms")}
key = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:32]
try:
    os.makedirs(os.path.join(root, "lists"), exist_ok=True)
    base = os.path.join(root, "lists", key)
    # Held by pip as well: a second download waits for one whose starter died.
    with open(base + ".lock", "a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        wheels = kept(base + ".json")
        if wheels is None:
            folder = base + ".download"
            shutil.rmtree(folder, ignore_errors=True)
            os.mkdir(folder)
            try:
                wheels = download(folder, held)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
            if wheels is not None:
                with open(base + ".draft", "w") as file:
                    json.dump(wheels, file)
                os.replace(base + ".draft", base + ".json")
        if wheels is not None:
            say(done=wheels)
except OSError as error:
    say(failed={"reason": "Download", "step": "use the cache", "detail": str(error), "log": []})
