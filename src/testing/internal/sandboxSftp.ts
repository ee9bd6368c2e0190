/**
 * The SFTP subsystem of a Sandbox host: version 3, answered in the order of the requests, as sftp-server does. Nothing is
 * read while an answer waits for the client.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ServerChannel } from "ssh2"
import { status } from "./sandboxSftpData.ts"
import * as handles from "./sandboxSftpHandles.ts"
import * as packets from "./sandboxSftpPacket.ts"
import { extensions, type Place, requests } from "./sandboxSftpRequests.ts"

const longestPacket = 256 * 1024
const init = 1

const next = (channel: ServerChannel): Effect.Effect<Option.Option<Buffer>> =>
  Effect.async((resume) => {
    const attempt = (): void => {
      const chunk: Buffer | null = channel.read()
      if (chunk !== null) return finish(Option.some(chunk))
      if (channel.readableEnded) finish(Option.none())
    }
    const end = () => finish(Option.none())
    const forget = () => void channel.off("readable", attempt).off("end", end)
    const finish = (chunk: Option.Option<Buffer>) => {
      forget()
      resume(Effect.succeed(chunk))
    }
    channel.on("readable", attempt).on("end", end)
    attempt()
    return Effect.sync(forget)
  })

/** Ends once the bytes are on their way: the window of the client is the back-pressure. */
const send = (channel: ServerChannel, data: Buffer): Effect.Effect<void> =>
  Effect.async((resume) => {
    channel.write(data, () => resume(Effect.void))
  })

const version = packets.packet(2, [
  packets.u32(3),
  ...extensions.flatMap(({ name, version }) => [packets.bytes(name), packets.bytes(version)])
])

/** As sftp-server: who sends what cannot be read is not answered, but left. */
const answer = (place: Place, body: Buffer): Effect.Effect<Buffer, "unreadable"> => {
  if (body[0] === init) return Effect.succeed(version)
  const fields = packets.reader(body.subarray(1))
  const id = fields.u32()
  const request = requests.get(body[0] ?? 0)
  if (request === undefined) return Effect.succeed(status(id, 8))
  const reply = request(fields, place)
  if (fields.short()) return Effect.fail("unreadable")
  return Effect.match(reply, {
    onSuccess: ({ fields, type }) => type === 101 ? status(id, 0) : packets.packet(type, [packets.u32(id), ...fields]),
    onFailure: ({ code }) => status(id, code)
  })
}

const talk = Effect.fnUntraced(function*(
  channel: ServerChannel,
  place: Place
): Effect.fn.Return<number, "unreadable"> {
  let waiting: Buffer = Buffer.alloc(0)
  while (true) {
    const chunk = yield* next(channel)
    if (Option.isNone(chunk)) return waiting.length === 0 ? 0 : 255
    waiting = waiting.length === 0 ? chunk.value : Buffer.concat([waiting, chunk.value])
    while (waiting.length >= 4) {
      const end = 4 + waiting.readUInt32BE()
      if (end < 9 || end > 4 + longestPacket) return 255
      if (waiting.length < end) break
      yield* send(channel, yield* answer(place, waiting.subarray(4, end)))
      waiting = waiting.subarray(end)
    }
  }
})

/**
 * Serves a session until the client ends it. Files that are still open then are closed, also when it is interrupted.
 *
 * @internal
 */
export const serve = (channel: ServerChannel, options: {
  readonly home: string
  /** Whether the client gives the arguments of SYMLINK in OpenSSH's order, not in that of the specification. */
  readonly targetFirst: boolean
}): Effect.Effect<void> =>
  Effect.suspend(() => {
    const open = handles.make()
    const place: Place = { home: Buffer.from(options.home), targetFirst: options.targetFirst, handles: open }
    return talk(channel, place).pipe(
      Effect.orElseSucceed(() => 255),
      Effect.tap((code) =>
        Effect.sync(() => {
          channel.exit(code)
          channel.end()
          channel.resume()
        })
      ),
      Effect.ensuring(open.closeAll)
    )
  })
