# Who makes an environment, or removes one: a file that is linked into place, which is atomic also over NFS. Programs that keep
# others out begin with this part.
import json
import os


def first_line(path):
    try:
        with open(path) as file:
            return file.readline().strip()
    except OSError:
        return ""


def myself():
    stat = first_line("/proc/self/stat")
    return {
        "host": ("%s %s" % (os.uname().nodename, first_line("/etc/machine-id"))).strip(),
        "pid": os.getpid(),
        "start": stat.rpartition(")")[2].split()[19] if stat else "",
        "boot": first_line("/proc/sys/kernel/random/boot_id"),
    }


def lives(owner):
    """Told only of processes of this host."""
    if owner["boot"] != myself()["boot"]:
        return False
    if owner["start"]:
        stat = first_line("/proc/%d/stat" % owner["pid"])
        return bool(stat) and stat.rpartition(")")[2].split()[19] == owner["start"]
    try:
        os.kill(owner["pid"], 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True


def owner_of(path):
    try:
        with open(path) as file:
            return json.load(file)
    except (OSError, ValueError):
        return None


def claim(path, me):
    """Whether the file is ours now."""
    draft = "%s.%s.%d" % (path, me["host"].replace("/", "_").replace(" ", "_"), me["pid"])
    with open(draft, "w") as file:
        json.dump(me, file)
    try:
        os.link(draft, path)
    except OSError as error:
        # The answer of a server may be lost on the way: the number of links tells.
        if isinstance(error, FileExistsError) or os.stat(draft).st_nlink == 2:
            return os.stat(draft).st_nlink == 2
        # There are no links here.
        try:
            with open(path, "x") as file:
                json.dump(me, file)
        except FileExistsError:
            return False
    finally:
        os.unlink(draft)
    return True
