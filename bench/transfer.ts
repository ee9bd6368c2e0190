/**
 * `npm run bench:transfer [ROUNDS [PART OF A NAME]]`: transfers beside those of OpenSSH, tar and rsync on the same server, in turn, in the same run.
 * Every figure is a median of whole operations: a connection of its own, the transfer, the end. Only the ratios mean something
 * elsewhere. Processor time is that of both ends: the client, the server, and what that starts.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { createCipheriv, randomBytes } from "node:crypto"
import * as os from "node:os"
import * as process from "node:process"
import * as FileTransfer from "../src/services/FileTransfer.ts"
import { Host } from "../src/services/Host.ts"
import * as Ssh from "../src/services/Ssh.ts"
import * as SshConfig from "../src/services/SshConfig.ts"
import * as processorTime from "./processorTime.ts"
import * as sshd from "./transferSshd.ts"

const rounds = Number(process.argv[2] ?? 5)
const wanted = process.argv[3] ?? ""
const megabytes = 512
const folders = 30
const files = 3000

const median = (all: ReadonlyArray<number>): number => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0

const timed = <A, E, R>(server: number, effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const used = yield* processorTime.used(server)
    const from = yield* Clock.currentTimeNanos
    yield* effect
    const wall = Number((yield* Clock.currentTimeNanos) - from) / 1e9
    return { wall, processor: (yield* processorTime.used(server)) - used }
  })

const shell = (line: string) =>
  Effect.filterOrFail(
    Command.exitCode(Command.make("sh", "-c", line).pipe(Command.stderr("inherit"))),
    (code) => code === 0,
    () => `${line} failed`
  )

/** Bytes that no cipher and no disk can shorten. */
const noise = (size: number): Uint8Array =>
  createCipheriv("aes-128-ctr", randomBytes(16), randomBytes(16)).update(Buffer.alloc(size))

interface Case {
  readonly name: string
  readonly beside: string
  readonly goal: string
  readonly before: string
  readonly peer: string
  readonly ours: (remote: FileTransfer.Remote) => FileTransfer.Transfer
}

const cases = (work: string, config: string): ReadonlyArray<Case> => {
  const ssh = `ssh -F ${config}`
  const fresh = `rm -rf ${work}/theirs ${work}/ours`
  return [
    {
      name: `${megabytes} MB to the host`,
      beside: "scp",
      goal: "1.0",
      before: fresh,
      peer: `scp -q -F ${config} ${work}/large bench:${work}/theirs`,
      ours: (remote) => FileTransfer.send(remote, `${work}/large`, `${work}/ours`)
    },
    {
      name: `${megabytes} MB from the host`,
      beside: "scp",
      goal: "1.0",
      before: fresh,
      peer: `scp -q -F ${config} bench:${work}/large ${work}/theirs`,
      ours: (remote) => FileTransfer.get(remote, `${work}/large`, `${work}/ours`)
    },
    {
      name: `${files} files of 4 KB to the host`,
      beside: "tar | ssh tar",
      goal: "1.5",
      before: `${fresh}; mkdir ${work}/theirs`,
      peer: `tar -C ${work}/many -cf - . | ${ssh} bench tar -C ${work}/theirs -xf -`,
      ours: (remote) => FileTransfer.send(remote, `${work}/many`, `${work}/ours`)
    },
    {
      name: `${files} files of 4 KB from the host`,
      beside: "ssh tar | tar",
      goal: "1.5",
      before: `${fresh}; mkdir ${work}/theirs`,
      peer: `${ssh} bench tar -C ${work}/many -cf - . | tar -C ${work}/theirs -xf -`,
      ours: (remote) => FileTransfer.get(remote, `${work}/many`, `${work}/ours`)
    },
    {
      name: "the same folder, unchanged",
      beside: "rsync -a",
      goal: "below 1",
      before: `cp -a ${work}/many/. ${work}/same-theirs; cp -a ${work}/many/. ${work}/same-ours`,
      peer: `rsync -a -e '${ssh}' ${work}/many/ bench:${work}/same-theirs/`,
      ours: (remote) => FileTransfer.send(remote, `${work}/many`, `${work}/same-ours`)
    }
  ]
}

const measure = Effect.fn("transfer.measure")(function*(each: Case, server: number) {
  const ours = Effect.scoped(Effect.gen(function*() {
    const ssh = yield* Ssh.Ssh
    const connection = yield* ssh.connect(Host.make({ alias: "bench" }))
    yield* each.ours({
      host: connection.host,
      files: Effect.scoped(connection.files),
      connection: Effect.succeed(connection)
    })
  }))
  // Once unmeasured, so that both find the same caches.
  yield* shell(each.before)
  yield* shell(each.peer)
  yield* ours
  const pairs = yield* Effect.forEach(
    Array.from({ length: rounds }, (_, index) => index),
    (index) =>
      Effect.gen(function*() {
        yield* shell(each.before)
        const peer = timed(server, shell(each.peer))
        if (index % 2 === 0) return { theirs: yield* peer, ours: yield* timed(server, ours) }
        const mine = yield* timed(server, ours)
        return { theirs: yield* peer, ours: mine }
      })
  )
  const theirs = median(pairs.map(({ theirs }) => theirs.wall))
  const own = median(pairs.map(({ ours }) => ours.wall))
  const ratio = median(pairs.map(({ ours, theirs }) => ours.wall / theirs.wall))
  const processor = (side: "ours" | "theirs") => median(pairs.map((pair) => pair[side].processor)).toFixed(2)
  yield* Console.log(
    `  ${each.name.padEnd(34)}${`${each.beside} ${theirs.toFixed(2)} s`.padStart(22)}${
      `${own.toFixed(2)} s`.padStart(10)
    }${`${ratio.toFixed(2)}x`.padStart(9)}   wanted: ${each.goal.padEnd(9)}processor time: ${processor("theirs")} s, ${
      processor("ours")
    } s`
  )
})

Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const { config, pid } = yield* sshd.make
  // In memory where there is such a place: what is measured is not a disk.
  const shm = yield* fs.exists("/dev/shm")
  const work = yield* fs.makeTempDirectoryScoped({ prefix: "transfer-", ...(shm ? { directory: "/dev/shm" } : {}) })
  yield* fs.writeFile(`${work}/large`, noise(megabytes * 1024 * 1024))
  yield* Effect.forEach(Array.from({ length: files }, (_, index) => index), (index) =>
    Effect.zipRight(
      fs.makeDirectory(`${work}/many/${index % folders}`, { recursive: true }),
      fs.writeFile(`${work}/many/${index % folders}/${index}`, noise(4096))
    ), { concurrency: 8 })
  yield* fs.makeDirectory(`${work}/same-theirs`)
  yield* fs.makeDirectory(`${work}/same-ours`)
  yield* Console.log(
    `${os.cpus().length} cores (${os.cpus()[0]?.model}), load ${
      os.loadavg()[0]?.toFixed(1)
    }, node ${process.version}, medians of ${rounds}\n`
  )
  yield* Effect.forEach(
    cases(work, config).filter(({ name }) => name.includes(wanted)),
    (each) => measure(each, pid),
    { discard: true }
  )
    .pipe(
      Effect.provide(Ssh.layer().pipe(Layer.provide(SshConfig.layer({ file: config }))))
    )
}).pipe(Effect.scoped, Effect.provide(NodeContext.layer), NodeRuntime.runMain)
