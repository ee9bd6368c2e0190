/** A runtime on a host that runs real processes: directories, output over its cap, setup. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { writeFileSync } from "node:fs"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as Ssh from "../../src/services/Ssh.ts"
import * as SshConfig from "../../src/services/SshConfig.ts"
import * as Sandbox from "../../src/testing/Sandbox.ts"

const world = Layer.unwrapEffect(Effect.map(Sandbox.Sandbox, (sandbox) =>
  Ssh.layer().pipe(
    Layer.provide(SshConfig.layer({ file: sandbox.configFile })),
    Layer.provide(NodeContext.layer)
  ))).pipe(Layer.provideMerge(Sandbox.layer({ hosts: 1 })))

/** A line of shell; gives what it printed. */
const sh = (runtime: Runtime.Runtime, line: string, ...args: ReadonlyArray<string>) =>
  Effect.flatMap(
    runtime.exec({ argv: ["sh", "-c", line, "sh", ...args] }),
    (process) => Stream.mkString(Stream.decodeText(process.stdout))
  ).pipe(Effect.scoped)

/** Each line says where it begins. */
const numbered = `i=0; while [ $i -lt $1 ]; do printf '%015d\\n' $((i * 16)); i=$((i + 1)); done`

const bytesOf = <E>(stream: Stream.Stream<Uint8Array, E>) =>
  Stream.runFold(stream, Buffer.alloc(0), (all, chunk) => Buffer.concat([all, chunk]))

const lineAt = (offset: number) => `${String(offset - offset % 16).padStart(15, "0")}\n`.slice(offset % 16)

layer(world, { excludeTestServices: true })("a real host", (it) => {
  it.scoped("removes directories, but none from which what is kept is reached by links", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      yield* sh(
        runtime,
        `mkdir -p keep/me locked/deep "odd 'name"; touch keep/me/x locked/deep/y; chmod -R a-w locked
        ln -s keep to-keep; ln -s "$(dirname "$WORKING_DIR")" up; ln -s / root`
      )
      const base = runtime.workingDirectory.split("/").at(-1) ?? ""
      for (const path of [".", "..", "~", `up/${base}`, runtime.facts.home]) {
        const error = yield* Effect.flip(Runtime.removeDirectory(runtime, path))
        assert.deepInclude(error, { _tag: "RuntimeError", reason: "Directory" }, path)
      }
      for (const path of ["locked", "odd 'name", "to-keep", "up", "root"]) {
        assert.isTrue(yield* Runtime.removeDirectory(runtime, path), path)
        assert.isFalse(yield* Runtime.removeDirectory(runtime, path), path)
      }
      // A link goes alone.
      assert.strictEqual(yield* sh(runtime, "ls -R"), ".:\nkeep\n\n./keep:\nme\n\n./keep/me:\nx\n")
    }))

  it.scoped("echoes, makes directories, has ports that can be bound at once", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1")
      assert.strictEqual(yield* Runtime.echo(runtime, "Hello $WORLD\n'é"), "Hello $WORLD\n'é")
      assert.strictEqual(yield* Runtime.createDirectory(runtime, "a/b"), `${runtime.workingDirectory}/a/b`)
      const directory = yield* Runtime.temporaryDirectory(runtime)
      assert.strictEqual(yield* sh(runtime, `stat -c %a "$1"`, directory), "700\n")
      const ports = yield* Runtime.freePorts(runtime, 5)
      assert.strictEqual(new Set(ports).size, 5)
      const connection = yield* runtime.connection
      const bound = yield* Effect.forEach(ports, (port) => connection.listen({ port }))
      assert.deepStrictEqual(bound.map(({ port }) => port), ports)
    }))

  it.scoped("keeps the newest output of a service, and tells a reader how much it missed", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1", { outputLimit: 100_000 })
      const total = 40_000 * 16
      const service = yield* runtime.start("numbers", {
        argv: ["sh", "-c", `${numbered}; exec sleep 1000`, "sh", "40000"]
      })
      const dropped = yield* Ref.make(0)
      // A reader that comes late: all that the cap allows has been dropped by then.
      const connection = yield* runtime.connection
      const hole = Effect.flatMap(
        connection.files,
        (files) =>
          Effect.map(
            files.read(`${runtime.facts.home}/.local/state/lazycluster/${runtime.id}/${service.name}.hole-out`, 0, 20),
            (bytes) => Number(Buffer.from(bytes).toString())
          )
      ).pipe(Effect.orElseSucceed(() => 0))
      yield* hole.pipe(
        Effect.repeat({ schedule: Schedule.spaced("100 millis"), until: (n) => n > total - 100_000 }),
        Effect.timeout("60 seconds")
      )
      const late = yield* service.output("out", 0, (bytes) => Ref.update(dropped, (n) => n + bytes)).pipe(
        Stream.mapAccum(0, (seen, chunk) => [seen + chunk.length, [seen + chunk.length, chunk] as const]),
        Stream.mapEffect(([seen, chunk]) => Effect.map(Ref.get(dropped), (n) => [n + seen >= total, chunk] as const)),
        Stream.takeUntil(([whole]) => whole),
        Stream.map(([, chunk]) => chunk),
        bytesOf,
        Effect.timeout("60 seconds")
      )
      const missed = yield* Ref.get(dropped)
      assert.strictEqual(missed + late.length, total)
      assert.isAtLeast(late.length, 50_000)
      assert.isAtMost(late.length, 110_000)
      assert.strictEqual(late.subarray(0, 16).toString(), (lineAt(missed) + lineAt(missed + 16)).slice(0, 16))
      assert.strictEqual(late.subarray(-16).toString(), lineAt(total - 16))
      assert.isFalse(late.includes(0))
      // Offsets mean what they meant.
      const one = yield* Stream.runHead(service.output("out", total - 16))
      assert.strictEqual(Buffer.from(one._tag === "Some" ? one.value : []).toString(), lineAt(total - 16))
    }))

  it.scoped("a reader that keeps up misses nothing, whatever is dropped behind it", () =>
    Effect.gen(function*() {
      const runtime = yield* Runtime.make("host-1", { outputLimit: 100_000 })
      // Each round waits until the one before has been read; the watchdog cuts in between.
      const round = "while [ $i -lt $((n * 3000)) ]; do printf '%015d\\n' $((i * 16)); i=$((i + 1)); done"
      const paced =
        `for n in 1 2 3 4 5 6 7 8; do i=$(((n - 1) * 3000)); ${round}; until [ -e go-$n ]; do sleep 0.1; done; sleep 0.7; done`
      const service = yield* runtime.start("paced", { argv: ["sh", "-c", paced] })
      const dropped = yield* Ref.make(0)
      const seen = yield* Ref.make(0)
      const all = yield* service.output("out", 0, (bytes) => Ref.update(dropped, (n) => n + bytes)).pipe(
        Stream.tap((chunk) =>
          Effect.flatMap(Ref.updateAndGet(seen, (n) => n + chunk.length), (n) =>
            n % 48_000 === 0
              ? Effect.sync(() => writeFileSync(`${runtime.workingDirectory}/go-${n / 48_000}`, ""))
              : Effect.void)
        ),
        bytesOf
      )
      assert.strictEqual(yield* Ref.get(dropped), 0)
      assert.strictEqual(all.length, 24_000 * 16)
      for (let at = 0; at < all.length; at += 16) assert.strictEqual(all.subarray(at, at + 16).toString(), lineAt(at))
    }))
})
