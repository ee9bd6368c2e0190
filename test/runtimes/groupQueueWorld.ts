/** Hosts in memory with programs that take their time, for the tests of the work queue. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import type * as RuntimeGroup from "../../src/runtimes/RuntimeGroup.ts"
import * as ExecutionLog from "../../src/services/ExecutionLog.ts"
import * as RuntimeTask from "../../src/tasks/RuntimeTask.ts"
import * as TaskRunner from "../../src/tasks/TaskRunner.ts"
import type { Commands } from "../../src/testing/InMemoryHost.ts"
import { InMemorySsh, layer } from "../../src/testing/InMemorySsh.ts"

const runner = TaskRunner.layer().pipe(
  Layer.provide([ExecutionLog.layerNoop, FileSystem.layerNoop({}), Path.layer])
)

export const three = ["a", "b", "c"]

/** `work SECONDS NAME` prints NAME@HOST after so long; `flaky NAME N` fails on hosts whose name comes before N. */
const commands: Commands = {
  work: ({ argv, host, stdout }) =>
    Effect.sleep(Duration.seconds(Number(argv[1]))).pipe(
      Effect.zipRight(stdout(`${argv[2]}@${host}`)),
      Effect.as(0)
    ),
  flaky: ({ argv, host, stdout }) =>
    host < String(argv[2]) ? Effect.succeed(3) : Effect.as(stdout(`${argv[1]}@${host}`), 0)
}

export const world = (hosts: ReadonlyArray<string> = three) => Layer.merge(layer(hosts, { commands }), runner)

export const line = (command: string) => RuntimeTask.make("item").pipe(RuntimeTask.runCommand(command))

export const work = (seconds: (item: number) => number) => (item: number) => line(`work ${seconds(item)} ${item}`)

/** Lets time pass, a quarter of a second at a time, until a fiber has ended. */
export const ended = <A, E>(fiber: Fiber.RuntimeFiber<A, E>, most: Duration.DurationInput = "10 minutes") =>
  Effect.gen(function*() {
    for (let passed = 0; passed < Duration.toMillis(most); passed += 250) {
      if (Option.isSome(yield* Fiber.poll(fiber))) return yield* Fiber.join(fiber)
      yield* TestClock.adjust("250 millis")
    }
    return yield* Effect.dieMessage("it does not end")
  })

export const printed = <A>(
  all: Iterable<RuntimeGroup.Done<A, { readonly executionLog: ReadonlyArray<{ readonly stdout: string }> }>>
) => [...all].map(({ result }) => result.executionLog[0]?.stdout)

export const collect = <A, E, R>(stream: Stream.Stream<A, E, R>) =>
  Effect.flatMap(Effect.fork(Stream.runCollect(stream)), (fiber) => ended(fiber))

/** Tasks that run on a host now. */
export const working = (alias: string) =>
  Effect.map(
    Effect.flatMap(InMemorySsh, (hosts) => hosts.processes(alias)),
    (all) => all.filter(({ argv }) => argv[0] === "work").length
  )

/** Gone for good: the manager's end is lost, and no way leads back. */
export const dies = (alias: string) =>
  Effect.flatMap(InMemorySsh, (hosts) => Effect.zipRight(hosts.unreachable(alias), hosts.cut(alias)))
