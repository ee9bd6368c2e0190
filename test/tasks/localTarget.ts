/** A TaskTarget over processes and files of this machine, in a directory of its own. */
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import * as ChildProcess from "node:child_process"
import * as Os from "node:os"
import * as Path from "node:path"
import { calls } from "../../src/internal/managerFileCalls.ts"
import { pythonArgv, pythonInput } from "../../src/internal/shipping.ts"
import { Host } from "../../src/services/Host.ts"
import { HostFacts } from "../../src/services/HostFacts.ts"
import type { ExitStatus, Files, FileStat, RemoteProcess } from "../../src/services/SshConnection.ts"
import { SshError } from "../../src/services/SshError.ts"
import type { Command, TaskTarget } from "../../src/tasks/TaskTarget.ts"
import { temporaryDirectory } from "../temporaryDirectory.ts"

const alias = "host-1"

const failure = (reason: SshError["reason"], step: string) => (cause: unknown): SshError =>
  new SshError({ reason, host: alias, step, detail: String(cause), cause })

/** Files of this machine with the interface of a host's. */
export const localFiles = (fs: FileSystem.FileSystem, home: string): Files => {
  const at = (path: string): string => Path.resolve(home, path)
  const transfer = (step: string) => Effect.mapError(failure("Transfer", step))
  return {
    stat: (path) =>
      fs.stat(at(path)).pipe(
        Effect.map((info) =>
          Option.some<FileStat>({
            type: info.type === "File" ? "file" : info.type === "Directory" ? "directory" : "other",
            size: Number(info.size),
            mode: info.mode & 0o7777,
            modified: 0
          })
        ),
        Effect.catchTag("SystemError", (error) =>
          error.reason === "NotFound" ? Effect.succeed(Option.none<FileStat>()) : Effect.fail(error)),
        transfer("stat")
      ),
    list: (path) => transfer("list")(Effect.map(fs.readDirectory(at(path)), (names) => names.sort())),
    makeDirectory: (path) => transfer("mkdir")(fs.makeDirectory(at(path), { recursive: true })),
    read: (path, offset, length) =>
      transfer("read")(Effect.map(fs.readFile(at(path)), (bytes) => bytes.slice(offset, offset + length))),
    readAll: (path, offset = 0) => Stream.mapError(fs.stream(at(path), { offset }), failure("Transfer", "read")),
    write: (path, content, mode = 0o644) =>
      Stream.run(content, fs.sink(at(path)).pipe(Sink.mapError(failure("Transfer", "write")))).pipe(
        Effect.zipRight(transfer("write")(fs.chmod(at(path), mode)))
      ),
    chmod: (path, mode) => transfer("chmod")(fs.chmod(at(path), mode)),
    rename: (from, to) => transfer("rename")(fs.rename(at(from), at(to))),
    removeFile: (path) => transfer("remove")(fs.remove(at(path), { force: true })),
    calls
  }
}

const start = (command: Command, workingDirectory: string) =>
  Effect.gen(function*() {
    const ended = yield* Deferred.make<ExitStatus, SshError>()
    const child = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const child = ChildProcess.spawn(command.argv[0], command.argv.slice(1), {
          cwd: Path.resolve(workingDirectory, command.cwd ?? "."),
          env: { ...process.env, WORKING_DIR: workingDirectory, ...command.env },
          stdio: "pipe",
          detached: true
        })
        child.stdin.on("error", () => {})
        child.on("error", (cause) => Deferred.unsafeDone(ended, Effect.fail(failure("Spawn", "exec")(cause))))
        child.on("exit", (code, signal) =>
          Deferred.unsafeDone(
            ended,
            Effect.succeed(
              signal === null
                ? { code: code ?? 0 }
                : { code: 128 + Os.constants.signals[signal], signal: signal.slice(3) }
            )
          ))
        return child
      }),
      (child) =>
        Effect.try(() => child.pid === undefined || process.kill(-child.pid, "SIGKILL")).pipe(
          Effect.ignore,
          Effect.zipRight(Effect.exit(Deferred.await(ended)))
        )
    )
    const handle: RemoteProcess = {
      write: (chunk) => Effect.async<void>((resume) => void child.stdin.write(chunk, () => resume(Effect.void))),
      endInput: Effect.sync(() => void child.stdin.end()),
      stdout: NodeStream.fromReadable(() => child.stdout, failure("LinkLost", "stdout")),
      stderr: NodeStream.fromReadable(() => child.stderr, failure("LinkLost", "stderr")),
      exit: Deferred.await(ended)
    }
    return handle
  })

const facts = HostFacts.make({
  system: "Linux",
  os: "test",
  machine: "x86_64",
  libc: "",
  hostname: alias,
  user: "test",
  home: "/",
  cache: "/tmp",
  bootId: "",
  network: "",
  cpus: 1,
  memory: 1,
  gpus: [],
  python: "",
  pythonPath: "",
  executables: {}
})

/** A host whose home and working directory are in one temporary directory, gone with the scope. */
export const make = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* temporaryDirectory
  const home = Path.join(directory, "home")
  const workingDirectory = Path.join(directory, "work")
  yield* fs.makeDirectory(home)
  yield* fs.makeDirectory(workingDirectory)
  const target: TaskTarget = {
    host: Host.make({ alias }),
    facts,
    workingDirectory,
    resolve: (path) =>
      path === "~" || path.startsWith("~/") ? Path.join(home, path.slice(1)) : Path.resolve(workingDirectory, path),
    exec: (command) => start(command, workingDirectory),
    python: (program, words, options) =>
      Effect.tap(
        start({ argv: pythonArgv(program, options?.python ?? "python3"), env: options?.env }, workingDirectory),
        (process) => process.write(pythonInput(program, words))
      ),
    files: Effect.succeed(localFiles(fs, home))
  }
  return { target, home, workingDirectory, directory }
})
