import { Schema } from "effect"

/** A release does not work on a host. What was in use before is in use again, on all of them. */
export class DeployError extends Schema.TaggedError<DeployError>()("DeployError", {
  host: Schema.String,
  version: Schema.String,
  exitCode: Schema.Int,
  output: Schema.String
}) {
  override get message(): string {
    return `${this.version} does not work on ${this.host}: its check exited with ${this.exitCode}\n${this.output}`
      .trimEnd()
  }
}
