/** What is measured as `npm run build` would compile it. */
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { fileURLToPath } from "node:url"

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

const outputs = path("../node_modules/.cache/lazycluster-bench")

/** The directory of the compiled files of bench/. They go with the scope. */
export const compiled = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  yield* fs.makeDirectory(outputs, { recursive: true })
  const output = yield* fs.makeTempDirectoryScoped({ directory: outputs })
  // The compiled files look for the package's scripts beside themselves.
  yield* fs.symlink(path("../programs"), `${output}/programs`)
  const code = yield* Command.exitCode(
    Command.make(path("../node_modules/.bin/tsc"), "-p", path("tsconfig.json"), "--outDir", output).pipe(
      Command.stdout("inherit"),
      Command.stderr("inherit")
    )
  )
  if (code !== 0) return yield* Effect.dieMessage(`tsc: exit code ${code}`)
  return `${output}/bench`
})

/** What to give to Node, followed by the ssh config and the hosts. */
export const compile = Effect.map(compiled, (directory) => [`${directory}/manager.js`])

/** The same without compiling. */
export const uncompiled: ReadonlyArray<string> = ["--import", "tsx", path("manager.ts")]
