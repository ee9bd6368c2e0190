import { describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Host } from "lazycluster"
import { InMemorySsh, SshConformance } from "lazycluster/testing"

// The layer of the transport that is to be held to the suite.
const layer = InMemorySsh.layer(["host-1"])

const none = "not part of this example"

const target: SshConformance.Target = {
  name: "mine",
  host: Host.make({ alias: "host-1" }),
  means: { maxSessions: 10 },
  lacks: {
    cut: none,
    connections: none,
    idleTimeToLive: none,
    forbidding: none,
    unnamed: none,
    refusing: none,
    silent: none,
    unknownKey: none,
    changedKey: none,
    stranger: none,
    closedOutput: "its programs have their outputs until they end",
    wholeWrites: "files are written in place"
  }
}

describe("my transport", () => {
  for (const { name, run } of SshConformance.casesOf(target)) it.effect(name, () => Effect.provide(run(target), layer))
})
