import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Runtime from "../../src/runtimes/Runtime.ts"
import * as RemoteFileSystem from "../../src/services/RemoteFileSystem.ts"
import * as InMemorySsh from "../../src/testing/InMemorySsh.ts"
import { register } from "./fileCase.ts"
import { cases } from "./fileConformance.ts"

const onHost = Layer.unwrapScoped(Effect.map(Runtime.make("host-1"), (runtime) =>
  Layer.merge(
    RemoteFileSystem.layer({
      files: runtime.files,
      workingDirectory: runtime.workingDirectory,
      temporary: runtime.passing
    }),
    Path.layer
  ))).pipe(Layer.provide(InMemorySsh.layer(["host-1"])))

register("memory", cases, onHost)
