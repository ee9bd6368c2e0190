/**
 * A file of this machine that is read or written from its beginning to its end, and hashed meanwhile. A large one is so on another
 * core: on this one it would take the time of the cipher.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import type * as Scope from "effect/Scope"
import { Buffer } from "node:buffer"
import { createHash } from "node:crypto"
import { open as openFile } from "node:fs/promises"
import { Worker } from "node:worker_threads"
import * as bounded from "./bounded.ts"

/** For less a thread costs more than it spares. */
const large = 32 * 1024 * 1024

const piece = 1024 * 1024

/**
 * What is asked for begins at once, in the order in which it was asked for; the effects wait for it.
 *
 * @internal
 */
export interface Moving<E> {
  /** The next bytes: read into the block, or written from it. The block comes back, with how many there were. */
  readonly move: (block: ArrayBuffer, size: number) => Effect.Effect<Moved, E>
  /** Of all bytes up to where it is; a file that is written ends there. Nothing can be moved any more. */
  readonly hash: () => Effect.Effect<string, E>
}

interface Ending<E> extends Moving<E> {
  /** What it has been given is in the file by then. */
  readonly end: Effect.Effect<unknown>
}

type Fail<E> = (cause: unknown) => E

/** @internal */
export interface Moved {
  readonly block: ArrayBuffer
  readonly size: number
}

/** @internal */
export interface Options {
  readonly path: Buffer
  readonly way: "read" | "write"
  /** So many bytes are there and are only hashed. */
  readonly from: number
  /** How large it is, or will be. */
  readonly size: number
}

const flags = ({ from, way }: Options): string => way === "read" ? "r" : from === 0 ? "w+" : "r+"

/** In this thread. */
const here = <E>(options: Options, fail: Fail<E>): Ending<E> => {
  const { from, way } = options
  const made = createHash("sha256")
  const opened = openFile(options.path, flags(options), 0o600)
  let at = 0
  const read = (bytes: Buffer): Promise<number> =>
    opened.then((file) => file.read(bytes, 0, bytes.length, at)).then(({ bytesRead }) => bytesRead)
  const write = (bytes: Buffer): Promise<number> =>
    opened.then((file) => file.write(bytes, 0, bytes.length, at)).then(({ bytesWritten }) =>
      bytesWritten === bytes.length
        ? bytesWritten
        : Promise.reject(new Error("the disk took less than was written: is it full?"))
    )
  const taken = (bytes: Buffer, size: number): number => {
    made.update(bytes.subarray(0, size))
    at += size
    return size
  }
  const skip = (bytes: Buffer): Promise<void> => {
    const next = bytes.subarray(0, Math.min(bytes.length, from - at))
    return next.length === 0 ?
      Promise.resolve() :
      read(next).then((size) =>
        taken(next, size) === 0 ? Promise.reject(new Error("it is shorter than it was")) : skip(bytes)
      )
  }
  let last: Promise<unknown> = from === 0 ? opened : skip(Buffer.allocUnsafeSlow(Math.min(piece, from)))
  const inTurn = <A>(work: () => Promise<A>): Effect.Effect<A, E> => {
    const done = last.then(work)
    last = done
    // Told to who waits for it.
    done.catch(() => undefined)
    return Effect.tryPromise({ try: () => done, catch: fail })
  }
  last.catch(() => undefined)
  return {
    move: (block, size) => {
      const bytes = Buffer.from(block, 0, size)
      return inTurn(() =>
        (way === "read" ? read(bytes) : write(bytes)).then((size) => ({ block, size: taken(bytes, size) }))
      )
    },
    hash: () =>
      inTurn(() =>
        (way === "write" ? opened.then((file) => file.truncate(at)) : Promise.resolve()).then(() => made.digest("hex"))
      ),
    end: Effect.promise(() =>
      Promise.allSettled([last]).then(() => opened).then((file) => file.close(), () => undefined)
    )
  }
}

const source = `
const { parentPort, workerData: { path, flags, from, way } } = require("node:worker_threads")
const { createHash } = require("node:crypto")
const { closeSync, ftruncateSync, openSync, readSync, writeSync } = require("node:fs")
const file = openSync(Buffer.from(path), flags, 0o600)
const made = createHash("sha256")
let at = 0
const read = (bytes, size) => {
  let got = 0
  while (got < size) {
    const more = readSync(file, bytes, got, size - got, at + got)
    if (more === 0) break
    got += more
  }
  return got
}
const write = (bytes, size) => {
  for (let put = 0; put < size;) put += writeSync(file, bytes, put, size - put, at + put)
  return size
}
const take = (bytes, size) => {
  made.update(bytes.subarray(0, size))
  at += size
  return size
}
const bytes = Buffer.allocUnsafeSlow(${piece})
while (at < from) {
  if (take(bytes, read(bytes, Math.min(bytes.length, from - at))) === 0) throw new Error("it is shorter than it was")
}
parentPort.on("message", ({ block, size }) => {
  if (block !== undefined) {
    const bytes = Buffer.from(block)
    const moved = take(bytes, way === "read" ? read(bytes, size) : write(bytes, size))
    return parentPort.postMessage({ block, size: moved }, [block])
  }
  if (way === "write" && size >= 0) ftruncateSync(file, at)
  closeSync(file)
  parentPort.postMessage(made.digest("hex"))
  parentPort.close()
})
`

/** In one of its own. */
const aside = <E>(options: Options, fail: Fail<E>): Ending<E> => {
  const { from, path, way } = options
  let waiting: Array<Deferred.Deferred<never, E>> = []
  let gone: E | undefined
  const lose = (cause: unknown): void => {
    const error = gone ??= fail(cause)
    for (const each of waiting) Deferred.unsafeDone(each, Effect.fail(error))
    waiting = []
  }
  const worker = new Worker(source, {
    eval: true,
    workerData: { path, flags: flags(options), from, way },
    execArgv: [],
    stdout: true,
    stderr: true
  })
    .on("message", (answer) => {
      const first = waiting.shift()
      if (first !== undefined) Deferred.unsafeDone(first, Effect.succeed(answer as never))
    })
    .on("error", lose)
    .on("exit", () => lose(new Error("the thread that had the file has ended")))
  const ask = <A>(message: object, blocks: ReadonlyArray<ArrayBuffer>): Effect.Effect<A, E> => {
    if (gone !== undefined) return Effect.fail(gone)
    const answer = Deferred.unsafeMake<never, E>(FiberId.none)
    waiting.push(answer)
    worker.postMessage(message, blocks)
    return Deferred.await(answer)
  }
  return {
    move: (block, size) => ask({ block, size }, [block]),
    hash: () => ask({ size: 0 }, []),
    end: Effect.suspend(() => Effect.ignore(ask({ size: -1 }, []))).pipe(
      Effect.zipRight(Effect.promise(() => worker.terminate()))
    )
  }
}

/**
 * Opens a file; its scope closes it.
 *
 * @internal
 */
export const open = <E>(options: Options, fail: Fail<E>): Effect.Effect<Moving<E>, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => options.size >= large ? aside(options, fail) : here(options, fail)),
    ({ end }) => Effect.ignore(bounded.within(end, "10 seconds"))
  )

/**
 * SHA-256 of the first bytes of a file, in hexadecimal.
 *
 * @internal
 */
export const hash = <E>(path: Buffer, size: number, fail: Fail<E>): Effect.Effect<string, E> =>
  Effect.scoped(Effect.flatMap(open({ path, way: "read", from: size, size }, fail), (file) => file.hash()))
