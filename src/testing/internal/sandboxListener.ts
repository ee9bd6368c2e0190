/**
 * The port of a Sandbox host: who is let in to log in, and the faults of the line.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as net from "node:net"
import { SandboxError } from "../SandboxError.ts"
import * as lines from "./sandboxLine.ts"

/**
 * What a test does to the port.
 *
 * @internal
 */
export interface Faults {
  readonly cut: Effect.Effect<void>
  readonly stall: Effect.Effect<void>
  readonly resume: Effect.Effect<void>
  /** Milliseconds. */
  readonly latency: (delay: number) => Effect.Effect<void>
  readonly refuse: Effect.Effect<void>
  /** Ends `refuse`. */
  readonly accept: Effect.Effect<void, SandboxError>
}

/**
 * A port that is listened on.
 *
 * @internal
 */
export interface Listener extends Faults {
  readonly port: number
  readonly connections: Effect.Effect<number>
  /** Who came from that port has logged in. */
  readonly entered: (port: number | undefined) => void
}

interface Options {
  readonly alias: string
  readonly address: string
  readonly maxStartups: number
  /** Milliseconds. */
  readonly loginGraceTime: number
  readonly after: lines.Weather["after"]
  readonly serve: (line: lines.Line) => void
}

const bind = (options: Options, port: number, take: (socket: net.Socket) => void) =>
  Effect.async<net.Server, SandboxError>((resume) => {
    const server = net.createServer({ noDelay: true }, take)
    const failed = (cause: Error) =>
      resume(
        new SandboxError({
          reason: "Listen",
          host: options.alias,
          step: "listen",
          detail: `port ${port} of ${options.address} cannot be bound: ${cause.message}`,
          cause
        })
      )
    server.once("error", failed)
    server.listen(port, options.address, () => {
      server.off("error", failed).on("error", () => {})
      resume(Effect.succeed(server))
    })
  })

/**
 * Listens on a free port. Closing the scope destroys every connection and frees the port.
 *
 * @internal
 */
export const listen: (options: Options) => Effect.Effect<Listener, SandboxError, Scope.Scope> = Effect.fnUntraced(
  function*(options: Options) {
    const weather: lines.Weather = { delay: 0, stalled: false, after: options.after, lines: new Set() }
    /** Those that have not logged in yet, by the client's port. */
    const starting = new Map<number | undefined, () => void>()
    let accepted = 0

    const take = (socket: net.Socket): void => {
      accepted += 1
      if (starting.size >= options.maxStartups) {
        socket.on("error", () => {}).end("Exceeded MaxStartups\r\n")
        return socket.destroySoon()
      }
      const line = lines.make(socket, weather)
      const { remotePort } = socket
      const inTime = options.after(options.loginGraceTime, () => line.destroy())
      const forget = () => {
        inTime()
        starting.delete(remotePort)
      }
      starting.set(remotePort, forget)
      line.once("close", forget)
      options.serve(line)
    }

    const change = (how: () => void) =>
      Effect.sync(() => {
        how()
        for (const line of weather.lines) line.weather()
      })
    const cut = Effect.sync(() => {
      for (const line of weather.lines) line.destroy()
    })

    let server: net.Server | undefined = yield* Effect.acquireRelease(
      bind(options, 0, take),
      () =>
        Effect.zipRight(
          cut,
          Effect.sync(() => server?.close())
        )
    )
    const address = server.address()
    const port = address === null || typeof address === "string" ? 0 : address.port

    return {
      port,
      connections: Effect.sync(() => accepted),
      entered: (port) => starting.get(port)?.(),
      cut,
      stall: change(() => {
        weather.stalled = true
      }),
      resume: change(() => {
        weather.stalled = false
      }),
      latency: (delay) =>
        change(() => {
          weather.delay = delay
        }),
      refuse: Effect.sync(() => {
        server?.close()
        server = undefined
      }),
      accept: Effect.suspend(() =>
        server === undefined
          ? Effect.uninterruptible(Effect.map(bind(options, port, take), (bound) => {
            server = bound
          }))
          : Effect.void
      )
    }
  }
)
