/** What the worker of the tests serves, as both sides know it. */
import * as Rpc from "@effect/rpc/Rpc"
import * as RpcGroup from "@effect/rpc/RpcGroup"
import * as Schema from "effect/Schema"

export class TooLarge extends Schema.TaggedError<TooLarge>("test/TooLarge")("TooLarge", { limit: Schema.Number }) {}

export class Work extends RpcGroup.make(
  Rpc.make("square", { payload: { x: Schema.Number }, success: Schema.Number, error: TooLarge }),
  Rpc.make("when", { payload: { at: Schema.Date }, success: Schema.Date }),
  Rpc.make("repeat", { payload: { text: Schema.String, times: Schema.Number }, success: Schema.String }),
  Rpc.make("count", { payload: { to: Schema.Number }, success: Schema.Number, error: TooLarge, stream: true }),
  Rpc.make("endless", { payload: {}, success: Schema.Number, stream: true }),
  Rpc.make("made", { payload: {}, success: Schema.Number }),
  Rpc.make("hang", { payload: {}, success: Schema.Void }),
  Rpc.make("events", { payload: {}, success: Schema.Array(Schema.String) }),
  Rpc.make("say", { payload: { text: Schema.String }, success: Schema.Void }),
  Rpc.make("die", { payload: {}, success: Schema.Void }),
  Rpc.make("exit", { payload: { code: Schema.Number, words: Schema.String }, success: Schema.Void }),
  Rpc.make("place", {
    payload: {},
    success: Schema.Struct({ pid: Schema.Number, mark: Schema.String, cwd: Schema.Boolean })
  })
) {}
