import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Host from "../../src/services/Host.ts"
import * as InMemorySsh from "../../src/testing/InMemorySsh.ts"
import * as SshConformance from "../../src/testing/SshConformance.ts"
import { inMemory } from "./conformanceTargets.ts"

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
  lacks: inMemory,
  deadline: "20 seconds"
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
