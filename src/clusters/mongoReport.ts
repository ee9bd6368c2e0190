/**
 * What the launcher of mongod says of its end, as an error.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { withoutControl } from "../internal/outputText.ts"
import type { ClusterError } from "./ClusterError.ts"
import { MongoError, MongoErrorReason } from "./MongoError.ts"

const mark = "lazycluster-mongod "

const Report = Schema.parseJson(Schema.Struct({
  reason: MongoErrorReason,
  detail: Schema.String.pipe(Schema.maxLength(2000)),
  pid: Schema.NullOr(Schema.Int)
}))

/**
 * What to do about it on that host.
 *
 * @internal
 */
export const hintOf = (reason: typeof MongoErrorReason.Type, host: string, pid?: number): string => {
  switch (reason) {
    case "NotFound":
    case "Unusable":
      return `install MongoDB's server on ${host} (mongodb.com/try/download/community), and have it on PATH or name it with the option \`mongod\``
    case "AlreadyRunning":
      return `it was left as it is: give another \`dbpath\`, or end it on ${host}: ${
        pid === undefined ? "mongod --shutdown --dbpath with that directory" : `kill ${pid}`
      }`
    case "Directory":
      return "give a `dbpath` that the user may read and write"
    case "NoSpace":
      return "make room, or give a `dbpath` on another disk"
    case "Data":
      return "use the mongod that wrote them (option `mongod`), or give another `dbpath`; mongod.log in it tells more"
    case "Exited":
      return "mongod.log in its directory tells more"
  }
}

/**
 * A cluster's error as that of its MongoDB server, where it was mongod that ended.
 *
 * @internal
 */
export const explained = (error: ClusterError): ClusterError | MongoError => {
  const log = error.log ?? []
  const line = log.findLast((line) => line.startsWith(mark))
  const report = Option.flatMap(
    Option.fromNullable(line),
    (line) => Schema.decodeOption(Report)(line.slice(mark.length))
  )
  return Option.match(report, {
    onNone: () => error,
    onSome: ({ detail, pid, reason }) =>
      new MongoError({
        reason,
        host: error.host,
        step: error.step,
        detail: withoutControl(detail),
        ...(pid === null ? {} : { pid }),
        log: log.filter((line) => !line.startsWith(mark)),
        hint: hintOf(reason, error.host, pid ?? undefined)
      })
  })
}
