/** A manager to be killed: a MongoDB server on a directory, as long as nobody ends it. `mongoVictim.ts DBPATH` */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as MongoServer from "../../src/clusters/MongoServer.ts"
import * as Lazycluster from "../../src/Lazycluster.ts"

const [, , dbpath = ""] = process.argv

MongoServer.make({ dbpath, manager: { lease: "2 seconds" } }).pipe(
  Effect.zipRight(Console.log("up")),
  Effect.zipRight(Effect.never),
  Effect.scoped,
  Effect.provide(Lazycluster.layer),
  NodeRuntime.runMain()
)
