/**
 * A worker of Dask in memory: runs functions, keeps their values, gives them to others.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FiberSet from "effect/FiberSet"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Listener } from "../../services/SshConnection.ts"
import type { InMemoryFunction } from "../InMemoryFunction.ts"
import type { Process } from "../InMemoryHost.ts"
import * as Messages from "./memoryDaskMessages.ts"
import * as memoryFunctionCall from "./memoryFunctionCall.ts"
import * as memoryLines from "./memoryLines.ts"

/** Of `GPU=2 LICENSE=1`. */
const resourcesOf = (text: string): Readonly<Record<string, number>> =>
  Object.fromEntries(
    text.split(/[\s,]+/).filter((part) => part !== "").map((part) => {
      const [name = "", amount] = part.split("=")
      return [name, Number(amount)]
    })
  )

const textOf = (value: unknown): string => JSON.stringify(value ?? null)

/**
 * The text of a value at an address; `None` where there is none, or nobody.
 *
 * @internal
 */
export const ask = (self: Process, address: string, key: string): Effect.Effect<Option.Option<string>> =>
  Effect.gen(function*() {
    const lines = memoryLines.over(yield* self.dial({ port: Messages.portOf(address) }))
    lines.send({ want: key })
    const line = yield* Stream.runHead(lines.received)
    const { text } = yield* Effect.flatMap(line, Schema.decode(Messages.Given))
    return Option.fromNullable(text)
  }).pipe(Effect.scoped, Effect.orElseSucceed(Option.none))

const give = (values: ReadonlyMap<string, string>, { connections }: Listener) =>
  Stream.runForEach(connections, (connection) => {
    const lines = memoryLines.over(connection)
    return lines.received.pipe(
      Stream.mapEffect(Schema.decode(Messages.Wanted)),
      Stream.runForEach(({ want }) => Effect.sync(() => lines.send({ text: values.get(want) ?? null }))),
      Effect.ignore,
      Effect.ensuring(Effect.sync(lines.close)),
      Effect.fork
    )
  }).pipe(Effect.ignore, Effect.forkScoped)

/** A scheduler that is not there yet is asked again each second, as long as Dask does. */
const arrive = (self: Process, scheduler: number, seconds: number) =>
  self.dial({ port: scheduler }).pipe(
    Effect.retry(Schedule.spaced("1 second").pipe(Schedule.upTo(`${seconds} seconds`)))
  )

/** @internal */
export const run = (
  self: Process,
  functions: ReadonlyArray<InMemoryFunction>,
  versions: Readonly<Record<string, string>>
): Effect.Effect<number, never, Scope.Scope> =>
  Effect.gen(function*() {
    const values = new Map<string, string>()
    const address = Messages.option(self, "--contact-address") ?? Messages.option(self, "--listen-address") ?? ""
    yield* give(values, yield* self.listen({ port: Messages.portOf(address) }))
    const http = Messages.option(self, "--dashboard-address")
    if (http !== undefined) {
      yield* self.serveHttp({ port: Messages.portOf(http) }, ({ path }) =>
        Effect.succeed({ body: path === "/health" ? "ok" : "a worker in memory" }))
    }
    yield* self.stderr(`distributed.worker - INFO - Start worker at: ${address}\n`)
    const deadline = Number(Messages.option(self, "--death-timeout") ?? 60)
    const lines = memoryLines.over(yield* arrive(self, Messages.portOf(self.argv[4] ?? ""), deadline))
    lines.send({
      worker: {
        address,
        name: Messages.option(self, "--name") ?? address,
        threads: Number(Messages.option(self, "--nthreads") ?? 1),
        memoryLimit: Number(Messages.option(self, "--memory-limit") ?? 0),
        resources: resourcesOf(Messages.option(self, "--resources") ?? ""),
        versions
      }
    })
    const fork = yield* FiberSet.makeRuntime<never>()

    const fetch = (key: string, from: string): Effect.Effect<string, string> =>
      Effect.suspend(() => {
        const here = values.get(key)
        return here === undefined
          ? Effect.flatten(ask(self, from, key)).pipe(Effect.orElseFail(() =>
            key
          ))
          : Effect.succeed(here)
      })

    const call = (told: Extract<typeof Messages.Told.Type, { readonly run: string }>) =>
      Effect.gen(function*() {
        const needed = yield* Effect.forEach(
          Object.entries(told.from),
          ([key, from]) => Effect.map(fetch(key, from), (text): readonly [string, unknown] => [key, JSON.parse(text)])
        )
        const args = Messages.filled(told.call, new Map(needed))
        const answer = yield* Effect.either(
          memoryFunctionCall.run(functions, told.function, args, () => Effect.void)
        )
        if (Either.isLeft(answer)) {
          const worker = Messages.option(self, "--name") ?? address
          return lines.send({ failed: told.run, report: { ...answer.left, worker } })
        }
        values.set(told.run, textOf(answer.right))
        lines.send({ finished: told.run })
      }).pipe(Effect.catchAll((lacking) => Effect.sync(() => lines.send({ missing: told.run, lacking }))))

    yield* lines.received.pipe(
      Stream.mapEffect(Schema.decode(Messages.Told)),
      Stream.runForEach((told) =>
        Effect.sync(() => {
          if ("put" in told) {
            values.set(told.put, told.text)
            lines.send({ finished: told.put })
          } else if ("forget" in told) told.forget.forEach((key) => values.delete(key))
          else if ("run" in told) fork(call(told))
          else {
            fork(Effect.match(fetch(told.fetch, told.from), {
              onFailure: (lacking) => lines.send({ missing: told.fetch, lacking }),
              onSuccess: (text) => {
                values.set(told.fetch, text)
                lines.send({ finished: told.fetch })
              }
            }))
          }
        })
      ),
      Effect.ignore
    )
    // As Dask's own: without its scheduler a worker ends.
    yield* self.stderr("distributed.worker - INFO - Connection to scheduler broken. Closing without reporting.\n")
    return 0
  }).pipe(
    Effect.catchAll((error) => Effect.as(self.stderr(`${error.reason}: ${error.detail}\n`), 1))
  )
