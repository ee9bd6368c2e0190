/** What a user of the package writes, checked against the declarations that it brings. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Console, Effect, Layer, Schema } from "effect"
import {
  type Cluster,
  DaskCluster,
  Host,
  Lazycluster,
  PythonFunction,
  Runtime,
  RuntimeManager,
  RuntimeTask
} from "lazycluster"
import { InMemorySsh, Sandbox } from "lazycluster/testing"

const hello = PythonFunction.make({
  source: "def hello(name): return f'Hello {name}!'",
  args: { name: Schema.String },
  returns: Schema.String
})

const task = RuntimeTask.make("greet").pipe(
  RuntimeTask.runCommand("echo Hello World!"),
  RuntimeTask.runFunction(hello, { name: "World" })
)

/** A name that is missing in a declaration would make this so, and say nothing in most projects. */
type IsAny<T> = 0 extends 1 & T ? true : false

export const known: readonly [false, false, false] = [
  false satisfies IsAny<Effect.Effect.Error<ReturnType<typeof Cluster.start>>>,
  false satisfies IsAny<Effect.Effect.Error<ReturnType<typeof DaskCluster.make>>>,
  false satisfies IsAny<Effect.Effect.Success<ReturnType<typeof Runtime.make>>>
]

const program = Effect.gen(function*() {
  const runtime = yield* Runtime.make(new Host.Host({ alias: "host-1", port: 22 }))
  const done = yield* Runtime.execute(runtime, task)
  const group = yield* RuntimeManager.createGroup()
  const { client } = yield* DaskCluster.make(group)
  const said: string = done.returns[0]
  const sum = yield* client.submit(hello, { name: said })
  const greeting: string = yield* client.result(sum)
  // @ts-expect-error what comes back has the type that its schema says
  const number: number = greeting
  // @ts-expect-error and so have arguments
  yield* client.submit(hello, { name: 1 })
  yield* Console.log(greeting, number)
})

const onSandbox = Layer.unwrapScoped(
  Effect.map(
    Sandbox.make({ hosts: 2 }),
    ({ configFile }) => Lazycluster.layerOf({ sshConfig: { file: configFile } })
  )
)

export const inMemory = InMemorySsh.make
program.pipe(Effect.scoped, Effect.provide(onSandbox), NodeRuntime.runMain)
