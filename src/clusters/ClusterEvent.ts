/**
 * What happens to a cluster while it lives.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"

/**
 * An event of a process, of a host, or of the cluster as a whole.
 *
 * @since 0.1.0
 * @category models
 */
export type ClusterEvent =
  | { readonly _tag: "ProcessStarted"; readonly process: string; readonly host: string; readonly pid: number }
  | { readonly _tag: "ProcessReady"; readonly process: string; readonly host: string }
  | {
    readonly _tag: "ProcessExited"
    readonly process: string
    readonly host: string
    /** 128 + n after signal n, whose name is `signal`. */
    readonly code: number
    readonly signal: string | undefined
    /** What it printed last. */
    readonly log: ReadonlyArray<string>
  }
  | { readonly _tag: "Unhealthy"; readonly process: string; readonly host: string; readonly detail: string }
  /** It will be started again; `attempt` counts since it was last stable. */
  | {
    readonly _tag: "Restarting"
    readonly process: string
    readonly host: string
    readonly attempt: number
    readonly delay: Duration.Duration
  }
  | { readonly _tag: "NotRestarted"; readonly process: string; readonly host: string; readonly detail: string }
  | { readonly _tag: "Moved"; readonly process: string; readonly from: string; readonly host: string }
  /** Nothing more is tried, until a host comes or returns. */
  | { readonly _tag: "GaveUp"; readonly process: string; readonly host: string; readonly detail: string }
  | { readonly _tag: "Link"; readonly host: string; readonly state: "up" | "away" | "gone" }
  /** In use again, after it was lost. */
  | { readonly _tag: "HostReturned"; readonly host: string }
  /** The plan has changed: it scaled, or got or lost a host. */
  | { readonly _tag: "Changed"; readonly added: ReadonlyArray<string>; readonly removed: ReadonlyArray<string> }

/**
 * An event as a line for people.
 *
 * @since 0.1.0
 * @category printing
 */
export const render = (event: ClusterEvent): string => {
  switch (event._tag) {
    case "ProcessStarted":
      return `${event.process} is started on ${event.host}, pid ${event.pid}`
    case "ProcessReady":
      return `${event.process} is ready on ${event.host}`
    case "ProcessExited": {
      const how = event.signal === undefined ? `with code ${event.code}` : `by SIG${event.signal}`
      return [`${event.process} ended on ${event.host} ${how}`, ...event.log.map((line) => `  | ${line}`)].join("\n")
    }
    case "Unhealthy":
      return `${event.process} on ${event.host} is not well: ${event.detail}`
    case "Restarting":
      return `${event.process} is started again on ${event.host} in ${
        Duration.format(event.delay)
      }, attempt ${event.attempt}`
    case "NotRestarted":
      return `${event.process} could not be started again on ${event.host}: ${event.detail}`
    case "Moved":
      return `${event.process} goes from ${event.from} to ${event.host}`
    case "GaveUp":
      return `${event.process} is given up: ${event.detail}`
    case "Link":
      return `the link to ${event.host} is ${event.state}`
    case "HostReturned":
      return `${event.host} is back`
    case "Changed":
      return `the plan has changed: ${
        [...event.added.map((id) => `+${id}`), ...event.removed.map((id) => `-${id}`)].join(" ") || "other hosts"
      }`
  }
}
