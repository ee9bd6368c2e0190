/** The live SSH service over a config made for one test. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Command from "@effect/platform/Command"
import { assert } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { type ChildProcess, spawn } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { Host, parse } from "../../src/services/Host.ts"
import * as Ssh from "../../src/services/Ssh.ts"
import * as SshConfig from "../../src/services/SshConfig.ts"
import type { Program, SshConnection } from "../../src/services/SshConnection.ts"
import type * as Sandbox from "../../src/testing/Sandbox.ts"
import { eventually } from "../patience.ts"
import { run as runCommand } from "../testing/sandboxClients.ts"

export const layerOf = (file: string, options: Ssh.Options = {}) =>
  Ssh.layer(options).pipe(Layer.provideMerge(SshConfig.layer({ file })), Layer.provideMerge(NodeContext.layer))

export const connect = (name: string) =>
  Effect.flatMap(Ssh.Ssh, (ssh) => ssh.connect(Either.getOrElse(parse(name), () => Host.make({ alias: name }))))

export const program = (source: string): Program => ({ name: "test", language: "sh", source })

export const bytes = <E, R>(stream: Stream.Stream<Uint8Array, E, R>) =>
  Effect.map(Stream.runCollect(stream), (chunks) => Buffer.concat(Chunk.toReadonlyArray(chunks)))

/** Runs a shell program to its end. */
export const run = (connection: SshConnection, source: string, ...words: ReadonlyArray<string>) =>
  Effect.scoped(Effect.gen(function*() {
    const process = yield* connection.exec({ program: program(source), words })
    const [stdout, stderr, status] = yield* Effect.all([bytes(process.stdout), bytes(process.stderr), process.exit], {
      concurrency: 3
    })
    return { stdout: stdout.toString(), stderr: stderr.toString(), status }
  }))

/** Runs a program of this machine, which must succeed. */
export const command = (name: string, words: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) =>
  Effect.map(runCommand(Command.make(name, ...words).pipe(Command.env(env))), (ended) => {
    assert.strictEqual(ended.code, 0, ended.stderr)
    return ended
  })

/** An agent of this test in a directory, with these keys; ended with the scope. */
export const agent = (directory: string, ...keys: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const socket = join(directory, "agent")
    yield* Effect.acquireRelease(
      Effect.sync((): ChildProcess => spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" })),
      (child) => Effect.sync(() => child.kill())
    )
    yield* Effect.forEach(keys, (key) => eventually(command("ssh-add", ["-q", key], { SSH_AUTH_SOCK: socket })))
    return socket
  })

type Hosts = Sandbox.Sandbox["Type"]

export const hostOf = (sandbox: Hosts, alias: string) => {
  const host = sandbox.hosts.find((host) => host.alias === alias)
  assert.isDefined(host)
  return host as Sandbox.SandboxHost
}

/** A further config file: `lines` stand before what the Sandbox wrote, so they win. */
export const configOf = (sandbox: Hosts, name: string, ...lines: ReadonlyArray<string>): string => {
  const file = join(sandbox.home, ".ssh", name)
  writeFileSync(file, `${lines.join("\n")}\nHost *\n  Include ${sandbox.configFile}\n`, { mode: 0o600 })
  return file
}
