/**
 * What `conformance.sh` does, without a shell.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { SshError } from "../../services/SshError.ts"
import type * as memoryDisk from "./memoryDisk.ts"
import type { MemoryHost } from "./memoryHost.ts"
import { bytesOf } from "./memoryPipe.ts"
import * as memoryProcess from "./memoryProcess.ts"

const block = new Uint8Array(65_536)

const bits = (mode: number) => ["r", "w", "x"].map((letter, bit) => (mode & (4 >> bit)) === 0 ? "-" : letter).join("")

const kinds = { Directory: "d", File: "-", Link: "l", Socket: "s" } as const

const looks = (node: memoryDisk.Inode) =>
  `${kinds[node._tag]}${[node.mode >> 6, node.mode >> 3, node.mode].map(bits).join("")}`

/** @internal */
export const run = (
  host: MemoryHost,
  process: memoryProcess.MemoryProcess,
  [verb, ...words]: ReadonlyArray<string>
): Effect.Effect<number> => {
  const { io } = process
  const [one = "", two = "", three = ""] = words
  const { tree } = host
  /** Whoever writes for nobody dies of it. */
  const to = (sink: memoryProcess.Sink) => (chunk: Uint8Array | string): Effect.Effect<void> =>
    Effect.flatMap(
      sink(bytesOf(chunk)),
      (taken) => taken ? Effect.void : Effect.zipRight(memoryProcess.signal(host, process, "PIPE"), Effect.never)
    )
  const say = to(io.stdout)
  const done = <A>(act: Effect.Effect<A, SshError>): Effect.Effect<number> =>
    act.pipe(
      Effect.as(0),
      Effect.catchAll((error) => Effect.as(to(io.stderr)(`${error.detail}\n`), 1))
    )
  const input = (each: (bytes: Uint8Array) => Effect.Effect<void>): Effect.Effect<void> =>
    Effect.flatMap(
      io.stdin.read,
      Option.match({
        onNone: () => Effect.void,
        onSome: (bytes) => Effect.zipRight(each(bytes), input(each))
      })
    )
  const line = Effect.map(io.stdin.readLine, Option.getOrElse(() => ""))
  const at = (path: string) => tree.resolve(path, process.cwd)
  switch (verb) {
    case "words":
      return Effect.as(say(words.map((word) => `${word}\0`).join("")), 0)
    case "say":
      return Effect.as(Effect.zipRight(say(one), to(io.stderr)(two)), Number(three))
    case "die":
      return Effect.zipRight(memoryProcess.signal(host, process, one), Effect.never)
    case "copy":
      return Effect.as(Effect.zipRight(input(say), to(io.stderr)("done\n")), 0)
    case "answer":
      return Effect.as(Effect.flatMap(line, (heard) => say(`${one} ${heard}\n`)), 0)
    case "zeros":
      return Effect.as(Effect.repeatN(say(block), Number(one) - 1), 0)
    case "hold":
      return Effect.as(Effect.zipRight(say("up\n"), input(() => Effect.void)), 0)
    case "deaf":
      return Effect.forever(Effect.zipRight(say("up\n"), Effect.sleep("1 second")))
    case "mark": {
      const append = (text: string) => tree.append(at(one), bytesOf(text))
      return done(
        append("start\n").pipe(
          Effect.zipRight(input(() => Effect.void)),
          Effect.zipRight(append("end\n"))
        )
      )
    }
    case "place":
      return Effect.as(say(`${process.env["HOME"]}\n${process.cwd}\n`), 0)
    case "show":
      return done(Effect.flatMap(tree.read(at(one)), say))
    case "many":
      return done(
        Effect.forEach(
          Array.from({ length: Number(two) }, (_, index) => index),
          (index) => tree.write(`${at(one)}/${index}`, new Uint8Array()),
          { discard: true }
        )
      )
    case "link":
      return done(tree.call("link", at(two), (disk, now) => disk.symlink(one, at(two), now)))
    case "look":
      return done(Effect.flatMap(
        tree.call("look", at(one), (disk) => disk.node(at(one), false)),
        (node) => say(`${looks(node)}\n`)
      ))
    case "dead":
      return done(tree.makeSocket(at(one)))
    case "remove":
      return done(tree.remove(at(one)))
    default:
      return Effect.as(to(io.stderr)(`conformance: ${verb}: not known\n`), 2)
  }
}
