/** A service of a host, which greets whoever connects. */
import * as Effect from "effect/Effect"
import type * as Runtime from "../../src/runtimes/Runtime.ts"
import { eventually } from "../internal/ssh2Lab.ts"
import { ask } from "../runtimes/exposeSockets.ts"

const source = `import socket, sys
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    c, _ = s.accept()
    c.sendall(sys.argv[2].encode())
    c.close()`

/** Listens on the loopback of the host when this succeeds. */
export const greeter = (runtime: Runtime.Runtime, port: number, greeting: string) =>
  Effect.zipRight(
    runtime.start("greeter", { argv: ["python3", "-c", source, String(port), greeting] }),
    eventually(Effect.scoped(Effect.gen(function*() {
      const connection = yield* runtime.connection
      return yield* ask(yield* connection.dial({ port }), "")
    })))
  )
