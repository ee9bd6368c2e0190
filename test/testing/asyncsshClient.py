"""asyncssh against a host of the Sandbox: port, identity file, known_hosts file. Prints "done"."""

import asyncio
import getpass
import os
import sys

import asyncssh

port, identity, known_hosts = int(sys.argv[1]), sys.argv[2], sys.argv[3]
data = os.urandom(3_000_000)


async def commands(host):
    ended = await host.run("cat; echo err >&2; exit 7", input="in")
    assert (ended.stdout, ended.stderr, ended.exit_status) == ("in", "err\n", 7), ended
    ended = await host.run("kill -KILL $$")
    assert ended.exit_signal[0] == "KILL", ended
    ended = await host.run("echo $LC_NAME $OTHER", env={"LC_NAME": "set", "OTHER": "not"})
    assert ended.stdout == "set\n", ended
    ended = await host.run("tty; stty size", term_type="vt100", term_size=(132, 43))
    assert ended.stdout.startswith("/dev/pts/") and ended.stdout.endswith("43 132\r\n"), ended
    process = await host.create_process("trap 'exit 3' USR1; echo up; while :; do sleep 0.02; done")
    assert await process.stdout.readline() == "up\n"
    process.send_signal("USR1")
    assert (await process.wait()).exit_status == 3


async def files(host):
    async with host.start_sftp_client(sftp_version=3) as sftp:
        async with sftp.open("file", "wb") as file:
            await file.write(data)
        await sftp.posix_rename("file", "renamed")
        await sftp.chmod("renamed", 0o600)
        await sftp.symlink("renamed", "link")
        assert await sftp.readlink("link") == "renamed"
        async with sftp.open("renamed", "rb") as file:
            assert await file.read() == data
        await sftp.mkdir("many")
        for number in range(250):
            async with sftp.open(f"many/{number}", "wb"):
                pass
        assert len(await sftp.listdir("many")) == 252
        await sftp.mkdir(b"odd\xff")
        assert b"odd\xff" in await sftp.listdir(b".")
        assert (await sftp.statvfs(".")).blocks > 0
        await sftp.utime("link", (1, 2), follow_symlinks=False)
        assert (await sftp.lstat("link")).mtime == 2
        assert (await sftp.stat("link")).mtime > 2
        await sftp.remote_copy("renamed", "copied")
        assert (await sftp.stat("copied")).size == len(data)
        try:
            await sftp.stat("missing")
            raise AssertionError("missing")
        except asyncssh.SFTPNoSuchFile:
            pass


async def echo(reader, writer):
    writer.write((await reader.read()).upper())
    writer.write_eof()


async def asks(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"hello")
    writer.write_eof()
    assert await reader.read() == b"HELLO"
    writer.close()


async def forwards(host):
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    target = server.sockets[0].getsockname()[1]
    async with host.forward_local_port("127.0.0.1", 0, "127.0.0.1", target) as forward:
        await asks(forward.get_port())
    async with host.forward_remote_port("127.0.0.1", 0, "127.0.0.1", target) as forward:
        await asks(forward.get_port())
    server.close()


async def main():
    options = {"port": port, "known_hosts": known_hosts, "config": None, "agent_path": None}
    async with asyncssh.connect("127.0.0.1", username=getpass.getuser(), client_keys=[identity], **options) as host:
        await commands(host)
        await files(host)
        await forwards(host)
    async with asyncssh.connect(
        "127.0.0.1", username="guest", password="open sesame", client_keys=[], **options
    ) as host:
        assert (await host.run("echo $USER")).stdout == "guest\n"
    print("done")


asyncio.run(main())
