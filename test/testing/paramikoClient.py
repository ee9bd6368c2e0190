"""paramiko against a host of the Sandbox: port, identity file, known_hosts file. Prints "done"."""

import getpass
import os
import socket
import sys
import threading

import paramiko

port, identity, known_hosts = int(sys.argv[1]), sys.argv[2], sys.argv[3]
data = os.urandom(3_000_000)


def connect(**options):
    client = paramiko.SSHClient()
    client.load_host_keys(known_hosts)
    client.connect("127.0.0.1", port=port, allow_agent=False, look_for_keys=False, **options)
    return client


def commands(client):
    stdin, stdout, stderr = client.exec_command("cat; echo err >&2; exit 7")
    stdin.write("in")
    stdin.channel.shutdown_write()
    assert (stdout.read(), stderr.read(), stdout.channel.recv_exit_status()) == (b"in", b"err\n", 7)
    _, stdout, _ = client.exec_command("test -t 1 && tty", get_pty=True)
    assert stdout.read().startswith(b"/dev/pts/")


def files(client):
    sftp = client.open_sftp()
    with sftp.open("file", "wb") as file:
        file.set_pipelined(True)
        file.write(data)
    sftp.posix_rename("file", "renamed")
    sftp.chmod("renamed", 0o600)
    sftp.symlink("renamed", "link")
    with sftp.open("link", "rb") as file:
        file.prefetch()
        assert file.read() == data
    with sftp.open("renamed", "ab") as file:
        file.write(b"more")
    sftp.truncate("renamed", len(data))
    try:
        sftp.open("renamed", "xb")
        raise AssertionError("exclusive")
    except OSError:
        pass
    sftp.mkdir("many")
    for number in range(250):
        sftp.open(f"many/{number}", "w").close()
    assert len(sftp.listdir("many")) == 250
    try:
        sftp.stat("missing")
        raise AssertionError("missing")
    except FileNotFoundError:
        pass


def forwards(client):
    listener = socket.create_server(("127.0.0.1", 0))

    def echo():
        taken, _ = listener.accept()
        taken.sendall(taken.recv(100).upper())
        taken.close()

    threading.Thread(target=echo, daemon=True).start()
    transport = client.get_transport()
    channel = transport.open_channel("direct-tcpip", listener.getsockname(), ("127.0.0.1", 0))
    channel.sendall(b"hello")
    assert channel.recv(100) == b"HELLO"

    bound = transport.request_port_forward("127.0.0.1", 0)
    reach = socket.create_connection(("127.0.0.1", bound))
    channel = transport.accept(20)
    reach.sendall(b"back")
    assert channel.recv(100) == b"back"
    transport.cancel_port_forward("127.0.0.1", bound)


with connect(username=getpass.getuser(), key_filename=identity) as client:
    commands(client)
    files(client)
    forwards(client)
with connect(username="guest", password="open sesame") as client:
    _, stdout, _ = client.exec_command("echo $USER")
    assert stdout.read() == b"guest\n"
print("done")
