import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import * as Reach from "../../src/cli/Reach.ts"
import * as Lazycluster from "../../src/Lazycluster.ts"
import * as Doctor from "../../src/runtimes/Doctor.ts"
import { Ssh } from "../../src/services/Ssh.ts"
import * as InMemorySsh from "../../src/testing/InMemorySsh.ts"
import { config } from "../runtimes/doctorWorld.ts"
import { run, runOn } from "./commandLine.ts"

const hosts = ["host-1", "host-2"]

const over = <A, E, R>(work: Effect.Effect<A, E, R>) =>
  Effect.flatMap(
    Ssh,
    (ssh) =>
      Effect.provideService(
        work,
        Reach.Reach,
        () => Layer.mergeAll(Lazycluster.layer, Layer.succeed(Ssh, ssh), config(hosts))
      )
  )

/** The version is of the Node that runs the test. */
const masked = (text: string) => text.replaceAll(/^( {2}. node +)[\d.]+$/gm, "$1VERSION")

const patiently = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.fork(effect)
    yield* TestClock.adjust("1 minute")
    return yield* Fiber.join(fiber)
  })

describe("doctor", () => {
  it.effect("says in a line a host that all is well, and who reaches whom; with --all what it has seen", () =>
    Effect.gen(function*() {
      const { code, err, out } = yield* over(run("doctor"))
      assert.deepStrictEqual([code, err], [0, ""])
      assert.strictEqual(
        out,
        `✓ (manager)  9 ok
✓ host-1  21 ok
✓ host-2  21 ok

Who reaches whom without SSH
host    at      reached from       not from
host-1  host-1  (manager), host-2  -
host-2  host-2  (manager), host-1  -
`
      )
      const all = yield* over(run("doctor", "host-1", "--all"))
      assert.strictEqual(all.code, 0)
      assert.strictEqual(
        masked(all.out),
        `✓ (manager)  9 ok
  ✓ node    VERSION
  ✓ ssh     OpenSSH_9.2p1
  ✓ config  ssh has nothing to say against the ssh config
  - agent   no host asks one
  - keys    no host names a key file
  ✓ home    /home/user, 64.0 GiB free
  ✓ cache   /home/user/.cache/lazycluster, 64.0 GiB free
  ✓ tmp     /tmp, 64.0 GiB free
  ✓ limits  4096 open files, 30000 processes
  ✓ python  3.11.2 at /usr/bin/python3
  ✓ gpu     no NVIDIA GPU
✓ host-1  20 ok
  ✓ config        ada@host-1:22
  ✓ name          host-1
  ✓ port          an SSH server answers on port 22
  ✓ host-key      SHA256:host-1
  ✓ login         as user
  ✓ sessions      10 at a time on one connection, at least
  ✓ forward-to    ports of the host can be reached
  ✓ forward-from  the host can reach ports of this machine
  ✓ sockets       can be forwarded both ways
  ✓ files         SFTP answers
  ✓ start-up      start-up files are silent
  ✓ shell         /bin/sh is /usr/bin/dash, the login shell is /bin/sh
  ✓ home          /home/user, 64.0 GiB free
  ✓ cache         /home/user/.cache/lazycluster, 64.0 GiB free
  ✓ tmp           /tmp, 64.0 GiB free
  ✓ clock         agrees with this machine's
  - logind        there is no logind, or it does not tell
  ✓ limits        4096 open files, 30000 processes
  ✓ python        3.11.2 at /usr/bin/python3
  ✓ gpu           no NVIDIA GPU
  ✓ runtime       a guardian runs there, and takes all of it away again
`
      )
    }).pipe(InMemorySsh.check(hosts)))

  it.effect("shows problems and warnings, what mends each last, and ends with 1", () =>
    Effect.gen(function*() {
      const memory = yield* InMemorySsh.InMemorySsh
      yield* memory.failAuthentication("host-2")
      const { code, err, out } = yield* over(runOn(100, "doctor"))
      assert.deepStrictEqual([code, err], [1, "1 problem on host-2\n"])
      assert.strictEqual(
        out,
        `✓ (manager)  9 ok
! host-1  1 warning, 19 ok
  ! sessions  2 at a time on one connection: more take further connections, each with a login
✗ host-2  1 problem, 4 ok
  ✗ login  no key was accepted

What mends it
! host-1: sessions
    write \`MaxSessions 10\` into /etc/ssh/sshd_config on host-1, then: ssh host-1 sudo systemctl reload ssh
✗ host-2: login
    try \`ssh -v host-2\`
`
      )
    }).pipe(InMemorySsh.check([{ alias: "host-1", maxSessions: 2 }, "host-2"])))

  it.effect("shows marks of ASCII on a dumb terminal, and lines that fit", () =>
    Effect.gen(function*() {
      const memory = yield* InMemorySsh.InMemorySsh
      yield* memory.fillDisk("host-1")
      const { code, out } = yield* patiently(over(runOn(60, "doctor", "host-1")))
      assert.strictEqual(code, 1)
      assert.match(out, /^[\n -~]*$/)
      const [blocks = ""] = out.split("What mends it")
      assert.isAtMost(Math.max(...blocks.split("\n").map((line) => line.length)), 60)
    }).pipe(
      Effect.provide(InMemorySsh.layer(hosts)),
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["TERM", "dumb"]])))
    ))

  it.effect("gives all as data under --json", () =>
    Effect.gen(function*() {
      const { code, out } = yield* over(run("doctor", "host-1", "nowhere", "--json"))
      assert.strictEqual(code, 1)
      const { findings } = yield* Schema.decode(Schema.parseJson(Doctor.Diagnosis))(out)
      assert.deepStrictEqual(
        Doctor.problems(findings).map(({ check, host }) => ({ host, check })),
        [{ host: "nowhere", check: "name" }]
      )
    }).pipe(InMemorySsh.check(hosts)))

  it.effect("refuses hosts that are named twice", () =>
    Effect.gen(function*() {
      for (const words of [["--hosts", "host-2"], ["--sandbox", "2"]]) {
        const { code, err, out } = yield* over(run("doctor", "host-1", ...words))
        assert.deepStrictEqual([code, out], [2, ""])
        assert.include(err, `hosts are named twice: host-1, and by ${words[0]}`)
      }
    }).pipe(InMemorySsh.check(hosts)))
})
