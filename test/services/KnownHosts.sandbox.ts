import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, FastCheck } from "effect"
import { spawnSync } from "node:child_process"
import * as KnownHosts from "../../src/services/KnownHosts.ts"

const isInstalled = spawnSync("ssh-keygen", ["-?"]).error === undefined

const runs = 30

const oneOf = (values: ReadonlyArray<string>) => FastCheck.constantFrom(...values)

const hosts: ReadonlyArray<KnownHosts.Target> = [
  { name: "box", port: 22 },
  { name: "box", port: 2222 },
  { name: "a.example.com", port: 22 },
  { name: "10.0.0.7", port: 22 },
  { name: "2001:db8::1", port: 22 },
  { name: "2001:db8::1", port: 2222 }
]

const asked = ({ name, port }: KnownHosts.Target) => port === 22 ? name : `[${name}]:${port}`

const name = oneOf([
  ...hosts.map(asked),
  "BOX",
  "*",
  "b*",
  "?ox",
  "!box",
  "*.example.com",
  "!a.*",
  "10.0.0.*",
  "[box]:*",
  "[*]:2222",
  "other"
])

const key = FastCheck.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) =>
  Buffer.concat([Buffer.from([0, 0, 0, 11]), Buffer.from("ssh-ed25519"), Buffer.from([0, 0, 0, 32]), bytes]).toString(
    "base64"
  )
)

const line = FastCheck.oneof(
  {
    weight: 12,
    arbitrary: FastCheck.tuple(
      oneOf(["", "", "", "@revoked ", "@cert-authority ", "\t"]),
      FastCheck.array(name, { minLength: 1, maxLength: 4 }),
      oneOf([" ", "\t", "  "]),
      key
    ).map(([marker, names, blank, key]) => `${marker}${names.join(",")}${blank}ssh-ed25519${blank}${key} note`)
  },
  {
    weight: 1,
    arbitrary: oneOf(["", "# box ssh-ed25519 AAAA", "@what box ssh-ed25519 AAAA", "box", "box ssh-ed25519"])
  }
)

const text = FastCheck.array(line, { minLength: 1, maxLength: 12 }).map((lines) => `${lines.join("\n")}\n`)

/** The lines that ssh-keygen -F finds for a host. */
const found = (file: string, target: KnownHosts.Target): ReadonlyArray<number> =>
  [
    ...spawnSync("ssh-keygen", ["-F", asked(target), "-f", file], { encoding: "utf8" }).stdout.matchAll(
      /found: line (\d+)/g
    )
  ]
    .map(([, line]) => Number(line))

describe.skipIf(!isInstalled)("KnownHosts beside ssh-keygen", () => {
  it.live(`finds the same lines in ${runs} files, plain and hashed by ssh-keygen -H`, () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const file = `${yield* fs.makeTempDirectoryScoped()}/known_hosts`
      const given = Number(process.env["LAZYCLUSTER_SEED"] ?? Number.NaN)
      const seed = Number.isInteger(given) ? given : (yield* Clock.currentTimeMillis) % 1_000_000_007
      yield* Effect.log(`the seed is ${seed}; LAZYCLUSTER_SEED=${seed} runs the same files again`)
      let hits = 0
      for (const content of FastCheck.sample(text, { numRuns: runs, seed })) {
        yield* fs.writeFileString(file, content)
        for (const hashed of [false, true]) {
          if (hashed) spawnSync("ssh-keygen", ["-H", "-f", file])
          const now = yield* fs.readFileString(file)
          for (const target of hosts) {
            const ours = KnownHosts.lookup(KnownHosts.parse(now, file), target).map(({ line }) => line)
            assert.deepStrictEqual(ours, found(file, target), `seed ${seed}, ${asked(target)} in\n${now}`)
            hits += ours.length
          }
        }
      }
      assert.isAbove(hits, runs)
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))

  it.live("writes lines that ssh-keygen finds", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const file = `${yield* fs.makeTempDirectoryScoped()}/known_hosts`
      const [shown = ""] = FastCheck.sample(key, 1)
      for (const target of hosts) {
        for (const hashed of [false, true]) {
          yield* KnownHosts.append(file, KnownHosts.line(target, "ssh-ed25519", shown, hashed))
        }
      }
      for (const [index, target] of hosts.entries()) {
        assert.deepStrictEqual(found(file, target), [2 * index + 1, 2 * index + 2], asked(target))
      }
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))
})
