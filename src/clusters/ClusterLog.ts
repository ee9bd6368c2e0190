/**
 * What the processes of a cluster print.
 *
 * @since 0.1.0
 */
import { withoutControl } from "../internal/outputText.ts"

/**
 * A line that a process has printed; one that is very long comes in pieces.
 *
 * @since 0.1.0
 * @category models
 */
export interface Line {
  readonly process: string
  readonly host: string
  readonly from: "out" | "err"
  readonly line: string
}

/**
 * Which lines.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Default `beginning`: also what was printed already, as far as the hosts keep it. */
  readonly since?: "beginning" | "now" | undefined
  /** The ids of processes, as in the plan. Default: all. */
  readonly processes?: ReadonlyArray<string> | undefined
}

/**
 * A line for people: `worker-1 on host-1 | text`, without what would move the cursor of a terminal.
 *
 * @since 0.1.0
 * @category printing
 */
export const render = ({ host, line, process }: Line): string => `${process} on ${host} | ${withoutControl(line)}`
