import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import type { Commands } from "../../src/testing/InMemoryHost.ts"
import * as InMemorySsh from "../../src/testing/InMemorySsh.ts"
import { register } from "./commandCase.ts"
import { cases } from "./commandConformance.ts"

const commands: Commands = {
  yes: ({ stdout }) => Effect.forever(stdout("y\n")),
  uniq: ({ readLine, stdout }) => {
    const next = (last: string): Effect.Effect<number> =>
      Effect.flatMap(
        readLine,
        Option.match({
          onNone: () => Effect.succeed(0),
          onSome: (line) => Effect.zipRight(line === last ? Effect.void : stdout(`${line}\n`), next(line))
        })
      )
    return next("")
  }
}

const host = { alias: "host-1", files: { "/usr/": "", "/etc/passwd": "root\n" }, commands }

register(
  "memory",
  cases,
  (effect) =>
    Effect.flatMap(
      Runtime.make("host-1"),
      (runtime) => Effect.scoped(Effect.provide(effect, Runtime.platform(runtime)))
    )
      .pipe(InMemorySsh.check([host]))
)
