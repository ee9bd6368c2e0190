/**
 * How a process that a signal ended is told: as a shell tells it, whatever carried the news.
 *
 * @since 0.1.0
 */
import { constants } from "node:os"
import type { ExitStatus } from "../services/SshConnection.ts"

const numbers: Readonly<Record<string, number>> = constants.signals

/**
 * The status after a signal, with or without `SIG`: 128 and its number.
 *
 * @internal
 */
export const bySignal = (signal: string): ExitStatus => {
  const name = signal.replace(/^SIG/, "")
  return { code: 128 + (numbers[`SIG${name}`] ?? 127), signal: name }
}

/**
 * The signal that an exit code of a shell tells, without `SIG`.
 *
 * @internal
 */
export const signalOf = (code: number): string | undefined =>
  code <= 128 ? undefined : Object.entries(numbers).find(([, number]) => number === code - 128)?.[0].replace(/^SIG/, "")
