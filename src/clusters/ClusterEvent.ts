/**
 * What happens to a cluster while it lives.
 *
 * @since 0.1.0
 */

/**
 * An event of a process, or of the link to a host.
 *
 * @since 0.1.0
 * @category models
 */
export type ClusterEvent =
  | { readonly _tag: "ProcessStarted"; readonly process: string; readonly host: string; readonly pid: number }
  | { readonly _tag: "ProcessReady"; readonly process: string; readonly host: string }
  | { readonly _tag: "ProcessExited"; readonly process: string; readonly host: string; readonly code: number }
  | { readonly _tag: "Link"; readonly host: string; readonly state: "up" | "away" | "gone" }
