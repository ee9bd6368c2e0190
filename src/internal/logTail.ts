/**
 * The last lines of a process's log, for the error that tells of its end.
 *
 * @since 0.1.0
 */
import { withoutControl } from "./outputText.ts"

const mostBytes = 16_384
const mostLines = 20

/**
 * Takes a log chunk by chunk and keeps its end.
 *
 * @internal
 */
export interface LogTail {
  readonly push: (chunk: Uint8Array) => void
  readonly lines: () => ReadonlyArray<string>
}

/**
 * An empty tail.
 *
 * @internal
 */
export const make = (): LogTail => {
  let kept = Buffer.alloc(0)
  return {
    push: (chunk) => {
      kept = Buffer.concat([kept, chunk])
      if (kept.length > mostBytes) kept = kept.subarray(kept.length - mostBytes)
    },
    lines: () =>
      kept.toString("utf8").split("\n").map((line) => withoutControl(line.trimEnd())).filter((line) => line !== "")
        .slice(
          -mostLines
        )
  }
}
