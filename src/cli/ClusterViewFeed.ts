/**
 * Keeps the view of a cluster up to date while it runs, and tells what happens to it.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Cluster } from "../clusters/Cluster.ts"
import * as ClusterEvent from "../clusters/ClusterEvent.ts"
import * as ClusterLog from "../clusters/ClusterLog.ts"
import { withoutControl } from "../internal/outputText.ts"
import * as HostUsage from "../runtimes/HostUsage.ts"
import * as ClusterView from "./ClusterView.ts"
import type { ProgressView } from "./ProgressView.ts"

/** A glance at the state of processes costs nothing; a host is asked for its load. */
const glances = Schedule.spaced("500 millis")
const questions = Schedule.spaced("5 seconds")

/** Hosts that are asked at a time. */
const asked = 8

/** Lines of a process that has ended; `lazycluster logs` has all. */
const mostLog = 5

const machines = (cluster: Cluster) => Effect.map(cluster.group, ({ runtimes }) => [cluster.manager, ...runtimes])

/** What happened, with the time of day. */
const tell = (view: ProgressView, event: ClusterEvent.ClusterEvent) =>
  Effect.gen(function*() {
    const time = DateTime.formatLocal(DateTime.setZone(yield* DateTime.now, DateTime.zoneMakeLocal()), {
      timeStyle: "medium",
      locale: "en-GB"
    })
    const short = event._tag === "ProcessExited" ? { ...event, log: event.log.slice(-mostLog) } : event
    const text = ClusterEvent.render(short).split("\n").map(withoutControl).join("\n")
    yield* view.note(`${view.notePaint.weak(time)} ${text}`)
  })

/**
 * Tells what happens from now on, a line each, and on a terminal shows the view below; with `logs` also each line that processes
 * print. Ends with the scope.
 *
 * @since 0.1.0
 * @category execution
 */
export const follow = Effect.fnUntraced(function*(
  cluster: Cluster,
  view: ProgressView,
  { logs, panel }: { readonly logs: boolean; readonly panel: boolean }
): Effect.fn.Return<void, never, Scope.Scope> {
  const now = yield* Clock.currentTimeMillis
  const { processes } = yield* cluster.plan
  const runtimes = yield* machines(cluster)
  const state = yield* Ref.make<ClusterView.ClusterView>({
    status: yield* cluster.status,
    since: now,
    ready: new Map(processes.map(({ id }) => [id, now])),
    facts: new Map(runtimes.map(({ facts, host }) => [host.alias, facts])),
    usage: new Map(),
    lines: []
  })
  const heard = (event: ClusterEvent.ClusterEvent) =>
    Effect.gen(function*() {
      if (event._tag === "ProcessReady") {
        const at = yield* Clock.currentTimeMillis
        yield* Ref.update(state, (all) => ({ ...all, ready: new Map([...all.ready, [event.process, at]]) }))
      }
      yield* tell(view, event)
    })
  yield* Effect.forkScoped(Stream.runForEach(cluster.events, heard))
  const printed = (line: ClusterLog.Line) =>
    Effect.zipRight(
      Ref.update(state, (all) => ({ ...all, lines: [...all.lines, line].slice(-ClusterView.mostLines) })),
      logs ? view.note(ClusterLog.render(line)) : Effect.void
    )
  const shows = view.live && panel
  if (shows || logs) {
    yield* Effect.forkScoped(Stream.runForEach(cluster.logs({ since: logs ? "beginning" : "now" }), printed))
  }
  if (!shows) return

  const glance = Effect.flatMap(cluster.status, (status) => Ref.update(state, (all) => ({ ...all, status })))
  const ask = Effect.gen(function*() {
    const runtimes = yield* machines(cluster)
    yield* Ref.update(state, (all) => ({
      ...all,
      facts: new Map(runtimes.map(({ facts, host }) => [host.alias, facts]))
    }))
    yield* Effect.forEach(
      runtimes,
      (runtime) =>
        Effect.flatMap(
          HostUsage.read(runtime),
          (usage) =>
            Ref.update(state, (all) => ({ ...all, usage: new Map([...all.usage, [runtime.host.alias, usage]]) }))
        ),
      { concurrency: asked, discard: true }
    )
  })
  yield* Effect.forkScoped(Effect.repeat(glance, glances))
  yield* Effect.forkScoped(Effect.repeat(ask, questions))
  yield* view.panel((room) => Effect.map(Ref.get(state), (view) => ClusterView.render(view, room)))
})
