# Says at which addresses other machines may reach this one, and answers there: listens on a free port of each, first the IPv4
# ones, those of the machine's own bridges last. Who connects is told the nonce, since a private address may be that of many machines.
# Words: NONCE. Prints one line, {"listening": [[ADDRESS, PORT], ...]}; ends with its input.
import json
import os
import re
import selectors
import socket
import subprocess
import sys

nonce = sys.argv[1].encode()
own_bridge = re.compile(r"docker|br-|veth|virbr|lxc|lxd|cni|flannel|cali|podman")


def said(*command):
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/bin:/bin"
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=5, env={**os.environ, "PATH": path}
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("utf-8", "replace")


def addresses():
    """Pairs of an interface and an address; the interface is unknown without iproute2."""
    found = re.findall(r"^\d+:\s+(\S+)\s+inet6?\s+([^/\s]+)", said("ip", "-o", "addr", "show", "scope", "global", "up"), re.M)
    return found or [("", address) for address in said("hostname", "-I").split()]


def listen(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.bind((address, 0))
        listener.listen(128)
        listener.setblocking(False)
    except OSError:
        listener.close()
        return None
    return listener


def usable(address):
    return not re.match(r"127\.|::1$|169\.254\.|fe80:|0\.|2(2[4-9]|3\d)\.", address)


def order(pair):
    interface, address = pair
    return (own_bridge.match(interface) is not None, ":" in address)


candidates = []
for _, address in sorted(addresses(), key=order):
    if usable(address) and address not in candidates:
        candidates.append(address)

selector = selectors.DefaultSelector()
listening = []
for address in candidates[:8]:
    listener = listen(address)
    if listener is not None:
        selector.register(listener, selectors.EVENT_READ)
        listening.append([address, listener.getsockname()[1]])

print(json.dumps({"listening": listening}), flush=True)
selector.register(sys.stdin.buffer.raw, selectors.EVENT_READ)
while True:
    for key, _ in selector.select():
        if not isinstance(key.fileobj, socket.socket):
            if not key.fileobj.read(4096):
                sys.exit(0)
            continue
        try:
            stranger, _ = key.fileobj.accept()
        except OSError:
            continue
        with stranger:
            try:
                stranger.settimeout(2)
                stranger.sendall(nonce)
            except OSError:
                pass
