/**
 * What is exposed and where, as words of a command line.
 *
 * @since 0.1.0
 */
import * as Args from "@effect/cli/Args"
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Expose from "../runtimes/Expose.ts"
import * as Host from "../services/Host.ts"
import type { SocketAddress } from "../services/SshConnection.ts"
import { UsageError } from "./Invocation.ts"
import * as OptionValue from "./OptionValue.ts"

/** This machine, as people call it. */
const here = "manager"

const port = (text: string): Option.Option<number> =>
  Option.liftPredicate(/^\d{1,5}$/.test(text) ? Number(text) : 0, (number) => number >= 1 && number <= 65_535)

const socket = (text: string): Option.Option<SocketAddress> =>
  text.startsWith("/") ? Option.some({ path: text }) : Option.none()

const range = (text: string): Option.Option<Expose.Range> => {
  const [first = "", last = "", ...rest] = text.split("-")
  return rest.length > 0 ? Option.none() : Option.filter(
    Option.zipWith(port(first), port(last), Expose.range),
    ({ count }) => count > 0
  )
}

/** As it stands between machine and port: an IPv6 address in brackets. */
const placed = (text: string) => {
  const [, address = "", number = ""] = /^(\[[^\]]+\]|[^:/\s]+):(\d+)$/.exec(text) ?? []
  return Option.map(port(number), (port) => ({ address: address.replace(/^\[|\]$/g, ""), port }))
}

/**
 * What is exposed: `8080`, `8000-8009`, `db.internal:5432`, `/run/app.sock`.
 *
 * @since 0.1.0
 * @category arguments
 */
export const service: Args.Args<Expose.Service> = Args.text({ name: "SERVICE" }).pipe(
  Args.mapEffect((text) =>
    Option.firstSomeOf<Expose.Service>([port(text), range(text), socket(text), placed(text)]).pipe(
      Effect.mapError(() =>
        HelpDoc.p(
          `SERVICE wants a port (8080), ports (8000-8009), an ADDRESS:PORT or the absolute path of a socket, not "${text}"`
        )
      )
    )
  ),
  Args.withDescription(
    "A port, ports as FIRST-LAST, ADDRESS:PORT as its machine sees it, or the absolute path of a socket"
  )
)

/**
 * Where it is reached, as the library has it.
 *
 * @since 0.1.0
 * @category models
 */
export type At = NonNullable<Expose.Options["at"]>

const several = (text: string): Option.Option<ReadonlyArray<number>> => Option.all(text.split(",").map(port))

/**
 * Where it is reached: `--at 9000`, `--at 9000,9001`, `--at any`, `--at /run/app.sock`.
 *
 * @since 0.1.0
 * @category options
 */
export const at: Options.Options<At | undefined> = Options.text("at").pipe(
  Options.filterMap(
    (text) =>
      text === "any" ? Option.some<At>(text) : Option.firstSomeOf<At>([port(text), socket(text), several(text)]),
    "--at wants a port, several with commas between them, any, or the absolute path of a socket"
  ),
  Options.withPseudoName("port"),
  Options.withDescription(
    "Where it is reached: a port, the first of several that is free (9000,9001), any, or a socket; the same number without this"
  ),
  OptionValue.orUndefined
)

/**
 * Which machine has the service, and which reach it; `undefined` is the machine that runs this.
 *
 * @since 0.1.0
 * @category models
 */
export interface Ends {
  readonly from: string | undefined
  readonly to: ReadonlyArray<string> | undefined
}

const refused = (detail: string, hint: string) => new UsageError({ detail, hint })

/**
 * Reads `--from` and `--to`; `names` are the hosts that were chosen in another way. Without `--from` it is a service of this
 * machine, without `--to` one for this machine.
 *
 * @since 0.1.0
 * @category constructors
 */
export const ends = (
  given: { readonly from: string | undefined; readonly to: ReadonlyArray<string> | undefined },
  names: ReadonlyArray<string> | undefined
): Effect.Effect<Ends, UsageError> => {
  const from = given.from === here ? undefined : given.from
  const to = given.to ?? (from === undefined ? names : [here])
  if (to === undefined || (from === undefined && to.includes(here))) {
    return refused(
      "lazycluster expose wants a host to expose to, or one to expose from",
      "--to host-1, or --from host-1"
    )
  }
  if (to.includes(here) && to.length > 1) {
    return refused("lazycluster expose leads to hosts or to this machine, not to both at once", "run it twice")
  }
  return from !== undefined && to.includes(from)
    ? refused(`${from} has the service already`, "leave it out of --to")
    : Effect.succeed({ from, to: to.includes(here) ? undefined : to })
}

/**
 * All hosts that take part.
 *
 * @since 0.1.0
 * @category accessors
 */
export const hosts = (
  { from, to }: Ends
): ReadonlyArray<string> => [...(from === undefined ? [] : [from]), ...(to ?? [])]

/**
 * The name that a machine has in what is said.
 *
 * @since 0.1.0
 * @category accessors
 */
export const name = (machine: string | undefined): string => machine ?? Host.manager.alias
