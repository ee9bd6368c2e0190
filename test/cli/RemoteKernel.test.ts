/** What delete-runtime makes of remote_ikernel. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as CommandExecutor from "@effect/platform/CommandExecutor"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as RemoteKernel from "../../src/cli/RemoteKernel.ts"

const printed = `usage: %prog manage [-h]

Remote IKernel management utility

Currently installed kernels:
  ['rik_ssh_gpu_1_py36']: SSH gpu-1 Py 3.6
  ['rik_ssh_gpu_1_2_py36']: SSH gpu-1_2 Py 3.6
  ['rik_ssh_gpu_1_julia']: SSH gpu-1 Julia
  ['rik_sge_python']: GridEngine gpu-1 Python
`

describe("kernels of remote_ikernel", () => {
  it("are those of the host by its whole name", () => {
    assert.deepStrictEqual(RemoteKernel.of(printed, "gpu-1"), ["rik_ssh_gpu_1_py36", "rik_ssh_gpu_1_julia"])
    assert.deepStrictEqual(RemoteKernel.of(printed, "gpu"), [])
  })

  it.effect("are removed by name, without a shell", () =>
    Effect.gen(function*() {
      const asked = yield* Ref.make<ReadonlyArray<string>>([])
      const executor = CommandExecutor.CommandExecutor.of({
        ...(yield* CommandExecutor.CommandExecutor),
        string: (command) =>
          Effect.gen(function*() {
            if (command._tag !== "StandardCommand") return assert.fail("a pipe")
            yield* Ref.update(asked, (all) => [...all, [command.command, ...command.args].join(" ")])
            return (yield* Ref.get(asked)).length > 2 ? "" : printed
          })
      })
      const gone = yield* RemoteKernel.remove("gpu-1", ["rik_ssh_gpu_1_py36"]).pipe(
        Effect.provide(Layer.succeed(CommandExecutor.CommandExecutor, executor))
      )
      // The stand-in still lists it: it is not told as gone.
      assert.deepStrictEqual(gone, [])
      assert.deepStrictEqual(yield* Ref.get(asked), [
        "remote_ikernel manage --delete rik_ssh_gpu_1_py36",
        "remote_ikernel manage"
      ])
    }).pipe(Effect.provide(NodeContext.layer)))

  it.effect("are none where it is not installed", () =>
    Effect.map(RemoteKernel.find("gpu-1"), (found) => assert.deepStrictEqual(found, [])).pipe(
      Effect.provide(NodeContext.layer)
    ))
})
