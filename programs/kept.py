# Tells what is kept on this host on purpose, Python environments and wheels, and removes what it is told to. Begins with owner.py.
# Words: one, the request as JSON: {"remove": null} to look, {"remove": [[KIND, NAME, LAST_USED]...]} to remove what is still as it
# was seen. It prints one JSON message a line: {"kept"} for each thing, or {"removed"} and {"spared"}, and {"done": FOLDER} at the end.
# Nothing outside of its folder is touched, and no link is followed but the one that the user may have made of the folder itself.
import calendar
import re
import shutil
import sys
import time

request = json.loads(sys.argv[1])
ROOT = os.path.realpath(os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "lazycluster"))
STATE = os.path.join(os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state"), "lazycluster")
# Its name while it is removed: whoever is cut off leaves it to the next one.
REMOVING = ".removing-"
NAMES = {"environment": r"[0-9a-f]{16}-[A-Za-z0-9._-]+", "wheel": r"[0-9a-f]{64}"}
FOLDERS = {"environment": "environments", "wheel": "wheels"}
MOST = 10000


def say(**message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def is_ours(path):
    """A directory of this user, and no link to one."""
    import stat

    try:
        found = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()


def entries(folder):
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def instant(text):
    try:
        return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))
    except (TypeError, ValueError):
        return None


def said(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(seconds))


def size_of(directory):
    total = 0
    for folder, _, names in os.walk(directory):
        for name in names:
            try:
                total += os.lstat(os.path.join(folder, name)).st_size
            except OSError:
                pass
    return total


def stamp_of(path):
    try:
        with open(os.path.join(path, "lazycluster.json")) as file:
            stamp = json.loads(file.read(1000000))
        packages = [str(line) for line in stamp["packages"]][:1000]
        return {"used": instant(stamp["lastUsed"]), "size": int(stamp["size"]), "packages": packages, "python": str(stamp["pythonVersion"])}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def look(kind, name):
    """What is known of one thing, or None."""
    path = os.path.join(ROOT, FOLDERS[kind], name)
    if not is_ours(path):
        return None
    found = stamp_of(path) if kind == "environment" else None
    if found is None or found["used"] is None:
        inside = [os.path.join(path, each) for each in entries(path)] if kind == "wheel" else []
        times = []
        for each in [path] if kind == "environment" else inside or [path]:
            try:
                times.append(os.lstat(each).st_mtime)
            except OSError:
                pass
        found = {"used": int(max(times or [0])), "size": size_of(path), "packages": [], "python": None}
        if kind == "wheel":
            found["packages"] = [each for each in entries(path) if each.endswith(".whl")]
    return dict(found, kind=kind, name=name, path=path)


def processes():
    """What processes of this user name: their words, their directories, what they have mapped."""
    found = []
    for pid in entries("/proc"):
        if not pid.isdigit() or int(pid) == os.getpid():
            continue
        text = []
        for name in ("cmdline", "maps"):
            try:
                with open("/proc/%s/%s" % (pid, name), "rb") as file:
                    text.append(file.read(8000000))
            except OSError:
                pass
        for name in ("cwd", "exe"):
            try:
                text.append(os.fsencode(os.readlink("/proc/%s/%s" % (pid, name))))
            except OSError:
                pass
        if text:
            found.append((pid, b"\0".join(text)))
    if not os.path.exists("/proc/self/stat"):
        import subprocess

        try:
            listed = subprocess.check_output(["ps", "-A", "-o", "pid=,args="], stderr=subprocess.DEVNULL, timeout=20)
            found = [(line.split(None, 1)[0].decode(), line) for line in listed.splitlines() if line.strip()]
        except (OSError, subprocess.SubprocessError):
            pass
    return found


def lively():
    """When the oldest runtime that lives was made, of any host with this home: what was used since may be one's of its."""
    began = []
    for name in entries(STATE):
        state = os.path.join(STATE, name)
        try:
            with open(os.path.join(state, "beat")) as file:
                lease = int(file.readline().split()[2])
            if time.time() - os.stat(os.path.join(state, "beat")).st_mtime <= lease + 10:
                began.append(os.stat(os.path.join(state, "boot")).st_mtime)
        except (OSError, ValueError, IndexError):
            continue
    return min(began) if began else None


def is_held(path):
    """Whether a process holds the lock of that file."""
    import fcntl

    try:
        with open(path, "r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False


def reason(thing, running, since):
    """Why a thing must stay, or None."""
    # However the way there is written.
    place = os.fsencode("/%s/%s" % (FOLDERS[thing["kind"]], thing["name"]))
    for pid, text in running:
        if place + b"/" in text or place + b"\0" in text + b"\0":
            return "process %s uses it" % pid
    # The stamp has whole seconds.
    if since is not None and thing["used"] >= int(since) - 1:
        return "a runtime that lives may use it"
    if thing["kind"] == "wheel":
        lists = os.path.join(ROOT, "wheels", "lists")
        if any(name.endswith(".lock") and is_held(os.path.join(lists, name)) for name in entries(lists)):
            return "wheels are being downloaded"
        return None
    owner = owner_of(thing["path"] + ".lock.owner")
    if isinstance(owner, dict):
        try:
            # Of another host nobody can say whether it lives.
            if owner["host"] != myself()["host"] or lives(owner):
                return "process %s of %s makes it" % (owner["pid"], str(owner["host"]).split(" ")[0])
        except (KeyError, TypeError):
            pass
    return "it is being made" if is_held(thing["path"] + ".lock") else None


def things():
    for kind, folder in FOLDERS.items():
        if not is_ours(os.path.join(ROOT, folder)):
            continue
        for name in entries(os.path.join(ROOT, folder))[:MOST]:
            bare = name[len(REMOVING) :] if name.startswith(REMOVING) else name
            if re.match(NAMES[kind] + r"\Z", bare) and not bare.endswith((".lock", ".owner")):
                thing = look(kind, name)
                if thing is not None:
                    yield thing


def discard(path):
    """A tree of ours; directories that were made read-only, too."""

    def again(act, broken, _):
        if broken != path:
            os.chmod(os.path.dirname(broken), 0o700)
        if os.path.isdir(broken) and not os.path.islink(broken):
            os.chmod(broken, 0o700)
        act(broken)

    shutil.rmtree(path, **{"onexc" if sys.version_info >= (3, 12) else "onerror": again})


def take(thing):
    """Out of the way in one step, then gone. Fails with what kept it."""
    name, path = thing["name"], thing["path"]
    away = path if name.startswith(REMOVING) else os.path.join(os.path.dirname(path), REMOVING + name)
    if away != path:
        if is_ours(away):
            discard(away)
        os.rename(path, away)
        # Whoever found it just before has stamped it.
        after = stamp_of(away)
        if after is not None and after["used"] != thing["used"] and not os.path.lexists(path):
            os.rename(away, path)
            raise OSError("it was used just now")
    discard(away)


def remove(thing):
    if thing["kind"] == "wheel":
        take(thing)
        return
    import fcntl

    lock = thing["path"] + ".lock"
    with open(lock, "a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OSError("it is being made")
        except OSError:
            pass
        me = myself()
        owner = owner_of(lock + ".owner")
        if owner is not None and owner != me:
            # reason() has found that it lives no more.
            os.unlink(lock + ".owner")
        if not claim(lock + ".owner", me):
            raise OSError("it is being made")
        try:
            take(thing)
        finally:
            # Whoever waits for this lock has the other one to win yet.
            os.unlink(lock)
            os.unlink(lock + ".owner")


def tidy():
    """Lists of wheels that are no longer all there, and locks of environments that are not there either."""
    folder = os.path.join(ROOT, "environments")
    for name in entries(folder) if is_ours(folder) else []:
        lock = os.path.join(folder, name)
        if re.match(NAMES["environment"] + r"\.lock\Z", name) and not os.path.lexists(lock[:-5]):
            if not os.path.lexists(lock + ".owner") and not is_held(lock):
                os.unlink(lock)
    lists = os.path.join(ROOT, "wheels", "lists")
    for name in entries(lists) if is_ours(lists) else []:
        if not name.endswith(".json") or is_held(os.path.join(lists, name[:-5] + ".lock")):
            continue
        try:
            with open(os.path.join(lists, name)) as file:
                whole = all(os.path.exists(os.path.join(ROOT, "wheels", w["sha256"], w["name"])) for w in json.load(file))
            if not whole:
                os.unlink(os.path.join(lists, name))
        except (OSError, ValueError, KeyError, TypeError):
            continue


def shown(thing, blocked):
    identity = os.lstat(thing["path"])
    return {
        "kind": thing["kind"],
        "name": thing["name"],
        "path": thing["path"],
        "size": thing["size"],
        "lastUsed": said(thing["used"]),
        "packages": thing["packages"],
        "python": thing["python"],
        "blocked": blocked,
        "place": "%s %d" % (thing["path"], identity.st_ino),
    }


def main():
    running, since = processes(), lively()
    if request["remove"] is None:
        for thing in things():
            try:
                say(kept=shown(thing, reason(thing, running, since)))
            except OSError:
                continue
    else:
        wanted = {(kind, name): used for kind, name, used in request["remove"]}
        for thing in things():
            key = (thing["kind"], thing["name"])
            if key not in wanted:
                continue
            blocked = "it was used since" if said(thing["used"]) != wanted[key] else reason(thing, running, since)
            if blocked is None:
                try:
                    remove(thing)
                    say(removed={"kind": thing["kind"], "name": thing["name"]})
                    continue
                except OSError as error:
                    blocked = error.strerror or str(error)
            say(spared={"kind": thing["kind"], "name": thing["name"], "why": blocked})
        tidy()
    say(done=ROOT)


main()
