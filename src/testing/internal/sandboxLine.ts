/**
 * The line between a Sandbox host and one client: it may be slow, or let nothing through.
 *
 * @since 0.1.0
 */
import type { Socket } from "node:net"
import { performance } from "node:perf_hooks"
import { Duplex } from "node:stream"

/**
 * What all lines of a host have in common.
 *
 * @internal
 */
export interface Weather {
  /** Milliseconds that each chunk takes, in each direction. */
  delay: number
  stalled: boolean
  /** Gives the way to call it off. */
  readonly after: (milliseconds: number, run: () => void) => () => void
  readonly lines: Set<Line>
}

/**
 * A line, as ssh2 takes it for a socket.
 *
 * @internal
 */
export interface Line extends Duplex {
  readonly weather: () => void
}

interface Lane {
  readonly put: (size: number, deliver: () => void) => void
  readonly full: () => boolean
  readonly pump: () => void
}

/** As much as a direction holds before it holds up its sender. */
const most = 1024 * 1024

const lane = (weather: Weather, drained: () => void): Lane => {
  const waiting: Array<{ readonly due: number; readonly size: number; readonly deliver: () => void }> = []
  let size = 0
  let timed = false
  const pump = (): void => {
    while (!weather.stalled) {
      const [first] = waiting
      if (first === undefined) return
      const left = first.due - performance.now()
      if (left > 0) {
        if (timed) return
        timed = true
        weather.after(left, () => {
          timed = false
          pump()
        })
        return
      }
      waiting.shift()
      const wasFull = size >= most
      size -= first.size
      first.deliver()
      if (wasFull && size < most) drained()
    }
  }
  return {
    put: (bytes, deliver) => {
      if (waiting.length === 0 && weather.delay === 0 && !weather.stalled) return deliver()
      waiting.push({ due: performance.now() + weather.delay, size: bytes, deliver })
      size += bytes
      pump()
    },
    full: () => size >= most,
    pump
  }
}

/**
 * The line of a socket that was accepted. Who destroys it destroys the socket.
 *
 * @internal
 */
export const make = (socket: Socket, weather: Weather): Line => {
  let wanted = true
  const listen = (): void => {
    if (wanted && !weather.stalled && !inward.full()) socket.resume()
    else socket.pause()
  }
  let written: (() => void) | undefined
  const inward = lane(weather, () => listen())
  const outward = lane(weather, () => {
    const done = written
    written = undefined
    done?.()
  })
  const duplex = new Duplex({
    allowHalfOpen: false,
    read: () => {
      wanted = true
      listen()
    },
    write: (chunk: Buffer, _encoding, done) => {
      outward.put(chunk.length, () => socket.write(chunk))
      if (outward.full()) written = done
      else if (socket.writableNeedDrain) socket.once("drain", done)
      else done()
    },
    final: (done) => {
      outward.put(0, () => socket.end())
      done()
    },
    destroy: (error, done) => {
      weather.lines.delete(line)
      socket.destroy()
      done(error)
    }
  })
  const line: Line = Object.assign(duplex, {
    remoteAddress: socket.remoteAddress,
    remotePort: socket.remotePort,
    weather: () => {
      listen()
      inward.pump()
      outward.pump()
    }
  })
  weather.lines.add(line)
  // An error is followed by a close, and an error without a listener ends this process.
  duplex.on("error", () => {})
  socket.on("error", () => {})
  socket.on("data", (chunk) => {
    inward.put(chunk.length, () => {
      wanted = duplex.push(chunk)
    })
    listen()
  })
  socket.once("end", () => inward.put(0, () => duplex.push(null)))
  socket.once("close", () => inward.put(0, () => duplex.destroy()))
  listen()
  return line
}
