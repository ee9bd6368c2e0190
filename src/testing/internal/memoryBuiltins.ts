/**
 * The few commands that every host in memory has.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as removal from "../../internal/removal.ts"
import type { Commands, Handler } from "../InMemoryHost.ts"
import type { MemoryHost } from "./memoryHost.ts"

const done = Effect.succeed(0)

const failed = (code: number) => () => Effect.succeed(code)

const test: Handler = ({ argv, files }) => {
  const [, flag = "", path = ""] = argv
  return files.stat(path).pipe(
    Effect.map(Option.match({
      onNone: () => 1,
      onSome: ({ type }) =>
        flag === "-e" || (flag === "-f" && type === "file") || (flag === "-d" && type === "directory") ? 0 : 1
    })),
    Effect.catchAll(failed(2))
  )
}

const cat: Handler = ({ argv, files, stderr, stdin, stdout }) =>
  argv.length < 2
    ? Effect.zipRight(Stream.runForEach(stdin, stdout), done)
    : Effect.forEach(argv.slice(1), (path) => Stream.runForEach(files.readAll(path), stdout), { discard: true }).pipe(
      Effect.zipRight(done),
      Effect.catchAll((error) => Effect.zipRight(stderr(`cat: ${error.detail}\n`), Effect.succeed(1)))
    )

const sleep: Handler = ({ argv }) => Effect.zipRight(Effect.sleep(Number(argv[1] ?? 0) * 1000), done)

/** @internal */
export const make = (host: MemoryHost): Commands => {
  const paths = (
    name: string,
    act: (path: string) => Effect.Effect<void, { readonly detail: string }>
  ): Handler =>
  ({ argv, cwd, stderr }) =>
    Effect.forEach(argv.slice(1).filter((word) => !word.startsWith("-")), (path) => act(host.tree.resolve(path, cwd)), {
      discard: true
    }).pipe(
      Effect.zipRight(done),
      Effect.catchAll((error) => Effect.zipRight(stderr(`${name}: ${error.detail}\n`), Effect.succeed(1)))
    )
  return {
    true: () => done,
    false: failed(1),
    echo: ({ argv, stdout }) => Effect.zipRight(stdout(`${argv.slice(1).join(" ")}\n`), done),
    pwd: ({ cwd, stdout }) => Effect.zipRight(stdout(`${cwd}\n`), done),
    sleep,
    cat,
    test,
    mkdir: paths("mkdir", (path) => host.tree.makeDirectory(path)),
    [removal.line]: ({ argv, stderr }) => {
      const [path = "", ...kept] = argv.slice(4)
      if (path === "/" || kept.some((each) => `${each}/`.startsWith(`${path}/`))) return Effect.succeed(4)
      return Effect.flatMap(
        host.tree.stat(path),
        (found) => Option.isNone(found) ? Effect.succeed(3) : Effect.as(host.tree.remove(path), 0)
      ).pipe(Effect.catchAll((error) => Effect.as(stderr(`rm: ${error.detail}\n`), 1)))
    },
    rm: paths("rm", (path) => host.tree.remove(path))
  }
}
