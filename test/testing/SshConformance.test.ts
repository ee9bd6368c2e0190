import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Host from "../../src/services/Host.ts"
import { Ssh } from "../../src/services/Ssh.ts"
import * as InMemorySsh from "../../src/testing/InMemorySsh.ts"
import * as SshConformance from "../../src/testing/SshConformance.ts"
import { broken, brokenWays } from "./brokenTransports.ts"
import { inMemory, manager } from "./conformanceTargets.ts"

const host = (alias: string) => Host.make({ alias })

/** Six hosts, five of which cannot be used as one would. */
const world = InMemorySsh.layer([
  "host-1",
  "refusing",
  "silent",
  "changed",
  "stranger",
  { alias: "forbidding", allowForwarding: false }
], { connectTimeout: "300 millis", idleTimeToLive: "300 millis" })

const target = (hosts: InMemorySsh.InMemorySsh["Type"]): SshConformance.Target => ({
  name: "in memory",
  host: host("host-1"),
  means: {
    cut: hosts.reset("host-1"),
    connections: hosts.connections("host-1"),
    maxSessions: 10,
    idleTimeToLive: "300 millis",
    forbidding: host("forbidding"),
    unnamed: host("nobody"),
    refusing: host("refusing"),
    silent: host("silent"),
    changedKey: host("changed"),
    stranger: host("stranger")
  },
  lacks: inMemory
})

const prepared = Effect.gen(function*() {
  const hosts = yield* InMemorySsh.InMemorySsh
  yield* hosts.refuse("refusing")
  yield* hosts.unreachable("silent")
  yield* hosts.changeHostKey("changed")
  yield* hosts.failAuthentication("stranger")
  return target(hosts)
})

describe("hosts in memory", () => {
  for (const each of SshConformance.casesOf({ name: "", host: host("host-1"), lacks: inMemory })) {
    it.effect(each.name, () => Effect.flatMap(prepared, each.run).pipe(Effect.provide(world)))
  }
})

describe("the manager in memory", () => {
  const target: SshConformance.Target = {
    name: "the manager in memory",
    host: Host.manager,
    lacks: { ...inMemory, ...manager }
  }
  for (const each of SshConformance.casesOf(target)) {
    it.effect(each.name, () => each.run(target).pipe(Effect.provide(world)))
  }
})

/** The named case over a service that is not as it should be: it must fail. */
const caught = (name: string, change: (ssh: Ssh["Type"]) => Ssh["Type"]) =>
  Effect.gen(function*() {
    const [found, another] = SshConformance.cases.filter((each) => each.name.includes(name))
    if (found === undefined || another !== undefined) return assert.fail(`not one case has ${name} in its name`)
    const target = { ...yield* prepared, deadline: "3 seconds" } as const
    const ssh = change(yield* Ssh)
    const error = yield* Effect.flip(Effect.provideService(found.run(target), Ssh, ssh))
    assert.strictEqual(error.step, found.name)
    assert.notStrictEqual(error.reason, "Means")
  }).pipe(Effect.provide(world))

describe("the suite catches a transport", () => {
  for (const [what, [name, change]] of Object.entries(broken)) {
    it.effect(what, () => caught(name, (ssh) => ({ connect: (host) => Effect.map(ssh.connect(host), change) })))
  }
  for (const [what, [name, change]] of Object.entries(brokenWays)) {
    it.effect(what, () => caught(name, change))
  }
})
