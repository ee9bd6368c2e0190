/**
 *     npm run deploy -- --app site --release 1.0.0 ./site host-1 host-2
 */
import { Args, Command, Options } from "@effect/cli"
import { NodeContext, NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Schema } from "effect"
import { Lazycluster } from "lazycluster"
import { deploy } from "./deploy.ts"
import { Release } from "./Release.ts"

const command = Command.make("deploy", {
  app: Options.text("app"),
  release: Options.text("release"),
  folder: Args.directory({ name: "FOLDER", exists: "yes" }),
  hosts: Args.text({ name: "HOST" }).pipe(Args.atLeast(1))
}, ({ app, folder, hosts, release }) =>
  Effect.gen(function*() {
    const done = yield* deploy(yield* Schema.decode(Release)({ app, version: release, folder }), hosts)
    yield* Console.log(`${app} ${release} is in use on ${done.join(", ")}`)
  }))

Command.run(command, { name: "deploy", version: "1.0.0" })(process.argv).pipe(
  Effect.provide(Lazycluster.layer),
  Effect.provide(NodeContext.layer),
  NodeRuntime.runMain
)
