import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Socket } from "node:net"
import * as linkLoss from "../../src/internal/linkLoss.ts"
import * as opensshSocket from "../../src/internal/opensshSocket.ts"
import { SshError } from "../../src/services/SshError.ts"

it.effect("a connection over a link that has gone already ends with LinkLost, and its socket with it", () =>
  Effect.gen(function*() {
    const { lose, whenLost } = linkLoss.unsafeMake("host-1")
    lose()
    const socket = new Socket()
    const error = yield* Effect.async<unknown>((resume) => {
      opensshSocket.make({ host: "host-1", alive: (tell) => tell(false), whenLost }, socket)
        .on("error", (error) => resume(Effect.succeed(error)))
    })
    assert.instanceOf(error, SshError)
    assert.deepInclude(error, { reason: "LinkLost", host: "host-1" })
    assert.isTrue(socket.destroyed)
  }))
