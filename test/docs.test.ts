/** docs/guide/troubleshooting.md explains every reason of every error class, and none that is not there. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { ClusterError } from "../src/clusters/ClusterError.ts"
import { ClusterRunError } from "../src/clusters/ClusterRunError.ts"
import { DaskClientError } from "../src/clusters/DaskClientError.ts"
import { FminError } from "../src/clusters/FminError.ts"
import { MongoError } from "../src/clusters/MongoError.ts"
import { LazyclusterError } from "../src/LazyclusterError.ts"
import { ExposeError } from "../src/runtimes/ExposeError.ts"
import { GroupError } from "../src/runtimes/GroupError.ts"
import { JoinError } from "../src/runtimes/JoinError.ts"
import { ExecutionLogError } from "../src/services/ExecutionLogError.ts"
import { FileTransferError } from "../src/services/FileTransfer.ts"
import { PythonEnvironmentError } from "../src/services/PythonEnvironmentError.ts"
import { RuntimeError } from "../src/services/RuntimeError.ts"
import { SshConfigError, SshError } from "../src/services/SshError.ts"
import { FunctionError } from "../src/tasks/FunctionError.ts"
import { RemoteWorkerError } from "../src/tasks/RemoteWorkerError.ts"
import { TaskError } from "../src/tasks/TaskError.ts"
import { ConformanceError } from "../src/testing/ConformanceError.ts"
import { LeftBehindError } from "../src/testing/LeftBehindError.ts"
import { SandboxError } from "../src/testing/SandboxError.ts"

const literals = (reason: { readonly literals: ReadonlyArray<string> }) => [...reason.literals].sort()

const errors = {
  SshConfigError: literals(SshConfigError.fields.reason),
  SshError: literals(SshError.fields.reason),
  RuntimeError: literals(RuntimeError.fields.reason),
  GroupError: literals(GroupError.fields.reason),
  ExposeError: literals(ExposeError.fields.reason),
  JoinError: literals(JoinError.fields.reason),
  TaskError: literals(TaskError.fields.reason),
  ExecutionLogError: literals(ExecutionLogError.fields.reason),
  FileTransferError: literals(FileTransferError.fields.reason),
  FunctionError: literals(FunctionError.fields.reason),
  RemoteWorkerError: literals(RemoteWorkerError.fields.reason),
  PythonEnvironmentError: literals(PythonEnvironmentError.fields.reason),
  ClusterError: literals(ClusterError.fields.reason),
  ClusterRunError: literals(ClusterRunError.fields.reason),
  DaskClientError: literals(DaskClientError.fields.reason),
  MongoError: literals(MongoError.fields.reason),
  FminError: literals(FminError.fields.reason),
  ConformanceError: literals(ConformanceError.fields.reason),
  LeftBehindError: literals(LeftBehindError.fields.reason),
  SandboxError: literals(SandboxError.fields.reason)
}

/** What the page says: the reasons in the first column, by heading; `A` and `B` may share a row. */
const sections = (page: string) =>
  Object.fromEntries(
    page.split(/^## /m).slice(1).map((section): [string, Array<string>] => [
      section.slice(0, section.indexOf("\n")).replaceAll("`", ""),
      section.split("\n").flatMap((line) => /^\| (`[^|]*)\|/.exec(line)?.[1]?.match(/\w+/g) ?? []).sort()
    ]).filter(([heading]) => heading.endsWith("Error"))
  )

describe("the page on errors", () => {
  it.effect("has every class and every reason, and no other", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const page = yield* fs.readFileString("docs/guide/troubleshooting.md")
      assert.deepStrictEqual(sections(page), errors)
    }).pipe(Effect.provide(NodeContext.layer)))

  it.effect("knows every class of errors that the library exports", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const files = (yield* fs.readDirectory("src", { recursive: true })).filter((file) => file.endsWith(".ts"))
      const sources = yield* Effect.forEach(files, (file) => fs.readFileString(`src/${file}`))
      const tags = sources.flatMap((text) =>
        [...text.matchAll(/Schema\.TaggedError<\w+>\("lazycluster\/(\w+)"\)/g)].map((found) => found[1])
      )
      assert.deepStrictEqual(tags.sort(), Object.keys(errors).sort())
    }).pipe(Effect.provide(NodeContext.layer)))
})

describe("the union of all errors", () => {
  it("has every class that the library exports, but those for tests", () => {
    const names = LazyclusterError.members.map(({ _tag }) => _tag)
    assert.deepStrictEqual(
      [...names, "ConformanceError", "LeftBehindError", "SandboxError"].sort(),
      Object.keys(errors).sort()
    )
  })
})
