/**
 * `lazycluster expose`: a service of one machine on the loopback of others, until Ctrl-C.
 *
 * @since 0.1.0
 */
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import * as socketPath from "../internal/socketPath.ts"
import * as Expose from "../runtimes/Expose.ts"
import * as RuntimeGroup from "../runtimes/RuntimeGroup.ts"
import * as Host from "../services/Host.ts"
import * as Progress from "../services/Progress.ts"
import type { SshError } from "../services/SshError.ts"
import * as ClusterOptions from "./ClusterOptions.ts"
import { ProgramEnded } from "./ExitCode.ts"
import * as ExposeEvent from "./ExposeEvent.ts"
import * as ExposeOptions from "./ExposeOptions.ts"
import * as HostOptions from "./HostOptions.ts"
import { Invocation } from "./Invocation.ts"
import * as OptionValue from "./OptionValue.ts"
import * as Subcommand from "./Subcommand.ts"
import * as View from "./View.ts"

/** The numbers that follow the first one of a range belong to it. */
const numbered = (service: Expose.Service, first: number): string =>
  socketPath.render({ port: first }) +
  (typeof service === "object" && "count" in service && service.count > 1 ? `-${first + service.count - 1}` : "")

const ownNumber = (service: Expose.Service): number | undefined =>
  typeof service === "number"
    ? service
    : "count" in service
    ? service.first
    : "port" in service
    ? service.port
    : undefined

const target = (service: Expose.Service): string =>
  typeof service === "number" || "count" in service
    ? numbered(service, ownNumber(service) ?? 0)
    : socketPath.render(service)

/** As far as it is known before anything listens. */
const place = (service: Expose.Service, at: ExposeOptions.At | undefined): string => {
  const asked = at ?? ownNumber(service) ?? "any"
  if (asked === "any") return "any port"
  if (typeof asked === "number") return numbered(service, asked)
  return "path" in asked ? asked.path : asked.map((first) => numbered(service, first)).join(" or ")
}

interface Asked {
  readonly service: Expose.Service
  readonly at: ExposeOptions.At | undefined
  readonly ends: ExposeOptions.Ends
}

const planned = ({ at, ends, service }: Asked): ExposeEvent.ExposeEvent => ({
  event: "planned",
  routes: (ends.to ?? [undefined]).map((machine) => ({
    from: ExposeOptions.name(machine),
    at: place(service, at),
    to: ExposeOptions.name(ends.from),
    target: target(service)
  }))
})

const expose = Effect.fnUntraced(function*(group: RuntimeGroup.RuntimeGroup, { at, ends, service }: Asked) {
  if (ends.from === undefined) return yield* Expose.toGroup(group, service, { at })
  const { alias } = yield* Host.parse(ends.from)
  return yield* ends.to === undefined
    ? Effect.flatMap(RuntimeGroup.get(group, alias), (runtime) => Expose.fromRuntime(runtime, service, { at }))
    : Expose.fromRuntimeToGroup(group, alias, service, { at })
})

/** Tells how each tunnel is, until none is left; the cause of the last one then. */
const watched = (exposed: Expose.Exposed, json: boolean): Effect.Effect<Option.Option<SshError>, never, View.View> =>
  Effect.gen(function*() {
    const last = yield* Ref.make(Option.none<SshError>())
    const seen = new Set<object>()
    yield* Stream.runForEach(Expose.states(exposed), ({ state, tunnel }) => {
      // That they are open at first, the routes say.
      const first = !seen.has(tunnel) && state._tag === "Open"
      seen.add(tunnel)
      return Effect.zipRight(
        state._tag === "Closed" ? Ref.set(last, Option.fromNullable(state.cause)) : Effect.void,
        first && !json ? Effect.void : ExposeEvent.tell(ExposeEvent.state(tunnel, state))
      )
    })
    return yield* Ref.get(last)
  })

const stay = Effect.fnUntraced(function*(exposed: Expose.Exposed) {
  const { json } = yield* Invocation
  yield* ExposeEvent.tell(ExposeEvent.exposed(exposed))
  const tunnels = exposed.routes.filter(({ tunnel }) => Option.isSome(tunnel)).length
  if (tunnels === 0) return yield* View.note("The machines share a network: nothing has to be kept open for it.")
  yield* View.note("Until Ctrl-C.")
  const cause = yield* watched(exposed, json)
  // People have been told why.
  if (Option.isSome(cause)) return yield* json ? cause.value : new ProgramEnded({ code: 1 })
})

/**
 * A service of one machine on others.
 *
 * @since 0.1.0
 * @category commands
 */
export const command = Subcommand.make({
  name: "expose",
  description:
    "Make a service of one machine reachable on the loopback of others, over the SSH connections that stand, until Ctrl-C. It is a service of this machine unless --from says of which host; a service of a host is reached here unless --to says where. A link that is lost is waited for, and the same port bound again. Only 127.0.0.1 listens.",
  examples: [
    ["lazycluster expose 5432 --to host-1,host-2", "Port 5432 of this machine on two hosts"],
    ["lazycluster expose 8888 --from host-1 --at any", "A notebook of host-1, on any free port here"],
    [
      "lazycluster expose 8786 --from host-1 --to host-2,host-3",
      "Port 8786 of one host on others, which need not reach it"
    ],
    ["lazycluster expose db.internal:5432 --from host-1", "What only host-1 can reach, here"],
    ["lazycluster expose /run/app.sock --to host-1 --at 9000", "A Unix socket of this machine as a port of host-1"]
  ],
  json: true,
  config: {
    service: ExposeOptions.service,
    from: Options.text("from").pipe(
      Options.withPseudoName("host"),
      Options.withDescription("The host that has the service; manager is this machine"),
      Options.optional
    ),
    to: OptionValue.names("to").pipe(
      Options.withDescription("Where it is reached; manager is this machine"),
      Options.optional
    ),
    at: ExposeOptions.at,
    hosts: HostOptions.options,
    lease: ClusterOptions.lease,
    dryRun: Options.boolean("dry-run").pipe(Options.withDescription("Only say what would lead where"))
  },
  run: ({ at, dryRun, from, hosts, lease, service, to }) =>
    HostOptions.use(hosts, (chosen) =>
      Effect.gen(function*() {
        const given = { from: Option.getOrUndefined(from), to: Option.getOrUndefined(to) }
        const ends = yield* ExposeOptions.ends(given, chosen.names)
        const asked = { service, at, ends }
        if (dryRun) return yield* ExposeEvent.tell(planned(asked))
        const group = yield* HostOptions.group({ ...chosen, names: ExposeOptions.hosts(ends) }, { lease })
        yield* stay(yield* Progress.step(ExposeOptions.name(ends.from), "expose", () => expose(group, asked)))
      }).pipe(Effect.scoped))
})
