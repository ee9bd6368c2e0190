# Runs a program in a terminal of its own: `terminal.py STEPS PROGRAM ARGUMENT...`. STEPS is JSON, a list of
# [PATTERN, TEXT] (waits until the pattern is shown after what was waited for before, then types the text) and
# [PATTERN, ROWS, COLUMNS] (gives the terminal another size). Prints what was shown; ends with the program's exit code.
import fcntl, json, os, pty, re, select, signal, struct, sys, termios, time

steps = json.loads(sys.argv[1])
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])


def resize(rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


resize(24, 80)
shown, seen, until = "", 0, time.monotonic() + 90
while True:
    ready, _, _ = select.select([fd], [], [], 1)
    if ready:
        try:
            data = os.read(fd, 65536)
        except OSError:
            break
        if not data:
            break
        shown += data.decode("utf-8", "replace")
    elif time.monotonic() > until:
        os.kill(pid, signal.SIGKILL)
        shown += "\n(it still waits for %r)\n" % (steps[:1],)
        break
    while steps:
        match = re.search(steps[0][0], shown[seen:])
        if not match:
            break
        seen += match.end()
        step = steps.pop(0)
        if len(step) == 3:
            resize(step[1], step[2])
        else:
            os.write(fd, step[1].encode())
_, status = os.waitpid(pid, 0)
sys.stdout.write(shown)
sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
