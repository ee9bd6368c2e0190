/** A service of a host, which greets whoever connects. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type * as Runtime from "../../src/runtimes/Runtime.ts"

const source = `import socket, sys
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
while True:
    c, _ = s.accept()
    c.sendall(sys.argv[1].encode())
    c.close()`

/** Listens on the loopback of the host when this succeeds: on this port. */
export const greeter = (runtime: Runtime.Runtime, greeting: string) =>
  Effect.gen(function*() {
    const service = yield* runtime.start("greeter", { argv: ["python3", "-c", source, greeting] })
    const said = yield* service.output("out").pipe(Stream.decodeText(), Stream.splitLines, Stream.runHead)
    return Number(Option.getOrElse(said, () => ""))
  })
