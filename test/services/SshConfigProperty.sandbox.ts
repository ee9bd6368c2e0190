import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, FastCheck } from "effect"
import { both, type Case, isInstalled } from "./opensshConfig.ts"

const runs = 200

const pick = <A>(...values: ReadonlyArray<A>) => FastCheck.constantFrom(...values)

const oneOf = (values: ReadonlyArray<string>) => FastCheck.constantFrom(...values)

const names = ["box", "box.example.com", "other", "BOX", "b-1"]
const patterns = ["*", "b*", "?ox", "!other", "!box", "box", "*.example.com", "o*r", "*b*x*", "!b*"]
const paths = ["~/.ssh/id_%h", "/keys/%r@%n:%p", "~/.ssh/a b", "none", "/k/%%", "%d/k", "/k/%u"]

/** Values that are right. */
const values: Readonly<Record<string, ReadonlyArray<string>>> = {
  HostName: ["%h.example.com", "Real", "10.0.0.7", "::1", "%h"],
  Port: ["22", "2222", "65535", "007"],
  User: ["ada", "bob", "a.b", "%u"],
  IdentityFile: paths,
  CertificateFile: paths.filter((path) => path !== "none"),
  IdentitiesOnly: ["yes", "NO", "true"],
  ProxyJump: ["none", "a", "ada@a:22", "a,b@c:7,[::1]:9", "ssh://x@y:1"],
  ProxyCommand: ["none", "nc %h %p", "sh -c 'nc %n %p' # %%", "nc -x \"a b\" %r"],
  UserKnownHostsFile: ["~/.ssh/kh", "/a /b", "/k/%h /k/%k", "none"],
  GlobalKnownHostsFile: ["/g", "none", "/g /h"],
  StrictHostKeyChecking: ["yes", "no", "ask", "accept-new", "off"],
  HostKeyAlias: ["cluster", "Alias.Example"],
  ConnectTimeout: ["5", "1m", "1h1s", "none", "0"],
  ServerAliveInterval: ["0", "15", "2m"],
  ServerAliveCountMax: ["0", "7"],
  IdentityAgent: ["none", "~/agent", "/a/%h"],
  HashKnownHosts: ["yes", "no"],
  SetEnv: ["A=1", "A=1 B=\"2 3\""],
  AddressFamily: ["any", "INET", "inet6"],
  Compression: ["yes", "no"]
}

/** Values that are wrong: seldom, since one of them refuses the whole config. */
const wrong: Readonly<Record<string, ReadonlyArray<string>>> = {
  HostName: ["%x", "\"a"],
  Port: ["0", "x", "22 23"],
  IdentitiesOnly: ["perhaps"],
  ProxyJump: ["@a", "a,,b"],
  StrictHostKeyChecking: ["never"],
  ConnectTimeout: ["-1", "1y"],
  ServerAliveCountMax: ["1m"],
  SetEnv: ["B"],
  Unknown: ["a"]
}

const valueOf = (name: string) =>
  FastCheck.tuple(pick(name), pick(" ", " ", "=", " = ", "\t"), oneOf(values[name] ?? []))

const wrongValueOf = (name: string) => FastCheck.tuple(pick(name), pick(" "), oneOf(wrong[name] ?? []))

const keyword = (name: string) => pick(name, name.toLowerCase(), name.toUpperCase())

const setting = FastCheck.oneof(
  { weight: 60, arbitrary: oneOf(Object.keys(values)).chain(valueOf) },
  { weight: 1, arbitrary: oneOf(Object.keys(wrong)).chain(wrongValueOf) }
).chain(([name, between, value]) =>
  FastCheck.tuple(
    keyword(name),
    // OpenSSH takes "none # note" for a host named none: not copied.
    name === "ProxyJump" ? pick("", "  \t") : pick("", "", " # note", "  \t")
  ).map(([key, after]) => `  ${key}${between}${value}${after}`)
)

const condition = FastCheck.oneof(
  FastCheck.tuple(pick("host", "originalhost", "!host", "Host"), oneOf(patterns), oneOf(patterns))
    .map(([key, a, b]) => `${key} ${a},${b}`),
  FastCheck.tuple(pick("user", "!user", "localuser"), pick("ada", "*", "root", "a*,!ada")).map((parts) =>
    parts.join(" ")
  ),
  pick("exec true", "exec false", "!exec \"test %h = box\"", "exec \"test %p -gt 22\"", "exec=true"),
  pick("final", "canonical", "!canonical")
)

const header = FastCheck.oneof(
  FastCheck.tuple(keyword("Host"), FastCheck.array(oneOf([...patterns, ...names]), { minLength: 1, maxLength: 4 }))
    .map(([key, list]) => `${key} ${list.join(" ")}`),
  FastCheck.tuple(keyword("Match"), FastCheck.array(condition, { minLength: 1, maxLength: 3 }))
    .map(([key, list]) => `${key} ${list.join(" ")}`),
  pick("Match all", "Match final all", "Host *", "# just a line")
)

const block = FastCheck.tuple(header, FastCheck.array(setting, { maxLength: 5 })).map((
  [first, rest]
) => [first, ...rest])

const blocks = FastCheck.array(block, { minLength: 1, maxLength: 6 })

const included = FastCheck.array(block, { maxLength: 2 }).map((all) => `${all.flat().join("\n")}\n`)

const test: FastCheck.Arbitrary<Case> = FastCheck.record({
  blocks,
  a: included,
  b: included,
  include: FastCheck.integer({ min: 0, max: 12 }),
  host: oneOf(names),
  user: pick(undefined, undefined, "ada"),
  port: pick(undefined, undefined, 2200)
}).map(({ a, b, blocks, host, include, port, user }) => {
  const lines = blocks.flat()
  return {
    config: `${lines.toSpliced(Math.min(include, lines.length), 0, " Include DIR/a DIR/b*").join("\n")}\n`,
    files: { a, b },
    host,
    ...(user === undefined ? {} : { user }),
    ...(port === undefined ? {} : { port })
  }
})

describe.skipIf(!isInstalled)("SshConfig beside ssh -G, generated", () => {
  it.live(`${runs} configs`, () =>
    Effect.gen(function*() {
      const given = Number(process.env["LAZYCLUSTER_SEED"] ?? Number.NaN)
      const seed = Number.isInteger(given) ? given : (yield* Clock.currentTimeMillis) % 1_000_000_007
      yield* Effect.log(`the seed is ${seed}; LAZYCLUSTER_SEED=${seed} runs the same configs again`)
      let answered = 0
      for (const one of FastCheck.sample(test, { numRuns: runs, seed })) {
        const { error, openssh, ours, stderr } = yield* both(one)
        const story = `seed ${seed}, ${JSON.stringify(one, null, 1)}\nopenssh: ${stderr}\nours: ${error ?? "answers"}`
        assert.deepStrictEqual(ours, openssh, story)
        if (openssh !== "refused") answered++
      }
      // Configs that are all refused would agree about nothing.
      assert.isAbove(answered, runs / 2)
      yield* Effect.log(`${answered} of ${runs} were answered`)
    }).pipe(Effect.provide(NodeContext.layer)))
})
