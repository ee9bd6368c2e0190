/**
 * One job after the other: what must leave a channel in the order in which it came.
 *
 * @since 0.1.0
 */

/**
 * A queue of jobs; each one calls `done` once, then the next one starts.
 *
 * @internal
 */
export const make = (): (job: (done: () => void) => void) => void => {
  const waiting: Array<(done: () => void) => void> = []
  let busy = false
  const next = (): void => {
    const job = waiting.shift()
    busy = job !== undefined
    job?.(next)
  }
  return (job) => {
    waiting.push(job)
    if (!busy) next()
  }
}
