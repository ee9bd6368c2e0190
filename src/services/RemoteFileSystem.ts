/**
 * The files of a host as the `FileSystem` of @effect/platform: a program that was written for the local machine reads and
 * writes there, and meets the same errors.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import * as bounded from "../internal/bounded.ts"
import * as remoteFile from "../internal/remoteFile.ts"
import * as remoteFilesData from "../internal/remoteFilesData.ts"
import * as remoteFilesError from "../internal/remoteFilesError.ts"
import * as remoteFilesTree from "../internal/remoteFilesTree.ts"
import type { FileCalls } from "./FileCalls.ts"
import type { Files } from "./SshConnection.ts"
import type { SshError } from "./SshError.ts"

/**
 * Whose files, and where. Paths are absolute.
 *
 * @since 0.1.0
 * @category models
 */
export interface Place {
  /** The session for files; another one after the link was lost. */
  readonly files: Effect.Effect<Files, SshError>
  /** Where relative paths start. */
  readonly workingDirectory: string
  /** The directory, which is there, for temporary files and directories. */
  readonly temporary: string
}

/** The end of the text, as `Number` has no other. */
const everything = Number.POSITIVE_INFINITY

/**
 * The files of a place. `Runtime.platform` gives those of a runtime: relative paths start at its working directory, and
 * temporary files go with it, whatever happens.
 *
 * Differs from the local machine in what SFTP does not know: see the guide to @effect/platform.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (place: Place): FileSystem.FileSystem => {
  let opened = 2
  const at = (path: string) => path.startsWith("/") ? path : `${place.workingDirectory}/${path}`

  const refused = (method: string, paths: ReadonlyArray<string>): PlatformError | undefined =>
    paths.some((path) => path.includes("\0"))
      ? remoteFilesError.nul(method)
      : paths.includes("")
      ? remoteFilesError.empty(method)
      : undefined
  /** Errors name the first path as it was asked for. */
  const ask = <A, R>(
    method: string,
    paths: readonly [string, ...Array<string>],
    call: (calls: FileCalls) => Effect.Effect<A, SshError, R>
  ): Effect.Effect<A, PlatformError, R> =>
    Effect.suspend(() => {
      const error = refused(method, paths)
      return error === undefined
        ? remoteFilesError.named(method, paths[0])(Effect.flatMap(place.files, ({ calls }) => call(calls)))
        : Effect.fail(error)
    })

  const makeDirectory = (method: string, path: string, options?: FileSystem.MakeDirectoryOptions) =>
    ask(method, [path], (calls) =>
      options?.recursive === true
        ? remoteFilesTree.makeAll(calls, at(path), options.mode)
        : calls.makeDirectory(at(path), options?.mode))

  const remove = (method: string, path: string, options?: FileSystem.RemoveOptions) =>
    ask(
      method,
      [path],
      (calls) => calls.remove(at(path), { recursive: options?.recursive ?? false, force: options?.force ?? false })
    )

  const temporaryDirectory = (method: string, options?: FileSystem.MakeTempDirectoryOptions) => {
    const begin = remoteFilesTree.begin(options?.directory ?? place.temporary, options?.prefix)
    return ask(method, [begin], (calls) => remoteFilesTree.makeTemporary(calls, begin, at))
  }
  const temporaryFile = (method: string, options?: FileSystem.MakeTempFileOptions) =>
    Effect.gen(function*() {
      const directory = yield* temporaryDirectory(method, options)
      const path = `${directory}/${yield* remoteFilesTree.name}${options?.suffix ?? ""}`
      yield* Effect.scoped(ask(method, [path], (calls) => calls.open(at(path), "w+")))
      return path
    })
  /** A directory that cannot be removed within the time goes with the runtime. */
  const removeLater = (method: string, path: string) =>
    Effect.ignore(bounded.within(remove(method, path, { recursive: true, force: true }), "10 seconds"))

  const open = (path: string, flag: FileSystem.OpenFlag, mode: number | undefined, method = "open") =>
    ask(method, [path], (calls) => calls.open(at(path), flag, mode))

  const stat: FileSystem.FileSystem["stat"] = (path) => ask("stat", [path], (calls) => calls.info(at(path)))

  const file: FileSystem.FileSystem = FileSystem.make({
    access: (path, options) =>
      ask(
        "access",
        [path],
        (calls) =>
          calls.access(at(path), { readable: options?.readable ?? false, writable: options?.writable ?? false })
      ),
    chmod: (path, mode) => ask("chmod", [path], (calls) => calls.chmod(at(path), mode)),
    chown: (path, user, group) => ask("chown", [path], (calls) => calls.chown(at(path), user, group)),
    copy: (from, to, options) =>
      ask(
        "copy",
        [from, to],
        (calls) =>
          calls.copy(at(from), at(to), {
            overwrite: options?.overwrite ?? false,
            preserveTimestamps: options?.preserveTimestamps ?? false
          })
      ),
    copyFile: (from, to) => ask("copyFile", [from, to], (calls) => calls.copyFile(at(from), at(to))),
    link: (from, to) => ask("link", [from, to], (calls) => calls.link(at(from), at(to))),
    makeDirectory: (path, options) => makeDirectory("makeDirectory", path, options),
    makeTempDirectory: (options) => temporaryDirectory("makeTempDirectory", options),
    makeTempDirectoryScoped: (options) =>
      Effect.acquireRelease(
        temporaryDirectory("makeTempDirectoryScoped", options),
        (path) => removeLater("makeTempDirectoryScoped", path)
      ),
    makeTempFile: (options) => temporaryFile("makeTempFile", options),
    makeTempFileScoped: (options) =>
      Effect.acquireRelease(
        temporaryFile("makeTempFileScoped", options),
        (path) => removeLater("makeTempFileScoped", path.slice(0, path.lastIndexOf("/")))
      ),
    open: (path, options) =>
      Effect.flatMap(open(path, options?.flag ?? "r", options?.mode), (file) => {
        opened += 1
        return remoteFile.make(file, opened, options?.flag?.startsWith("a") ?? false)
      }),
    readDirectory: (path, options) =>
      ask("readDirectory", [path], (calls) => remoteFilesTree.names(calls, at(path), options?.recursive ?? false)),
    readFile: (path) =>
      Effect.scoped(
        Effect.flatMap(open(path, "r", undefined, "readFile"), (file) =>
          remoteFilesError.named("readFile", path)(remoteFilesData.whole(file.read)))
      ),
    readLink: (path) => ask("readLink", [path], (calls) => calls.readLink(at(path))),
    realPath: (path) => ask("realPath", [path], (calls) => calls.realPath(at(path))),
    remove: (path, options) => remove("remove", path, options),
    rename: (from, to) => ask("rename", [from, to], (calls) => calls.rename(at(from), at(to))),
    stat,
    symlink: (target, path) => ask("symlink", [target, path], (calls) => calls.symlink(target, at(path))),
    truncate: (path, length = 0) =>
      ask("truncate", [path], (calls) => calls.truncate(at(path), Math.max(0, Number(length)))),
    utimes: (path, accessed, modified) =>
      ask("utime", [path], (calls) => calls.utimes(at(path), seconds(accessed), seconds(modified))),
    watch: (path, options) =>
      Stream.unwrap(Effect.flatMap(stat(path), () =>
        ask("watch", [path], (calls) =>
          Effect.succeed(
            Stream.mapError(
              calls.watch(at(path), { recursive: options?.recursive ?? false }),
              (error) => remoteFilesError.of("watch", path, error)
            )
          )))),
    writeFile: (path, data, options) =>
      Effect.scoped(
        Effect.flatMap(open(path, options?.flag ?? "w", options?.mode, "writeFile"), (file) =>
          remoteFilesError.named("writeFile", path)(
            remoteFilesData.writeWhole(file.write, data, options?.flag?.startsWith("a") ?? false)
          ))
      )
  })

  return {
    ...file,
    // Those of @effect/platform wait for each chunk before they ask for the next: a round trip each.
    stream: (path, options) => {
      const offset = Number(options?.offset ?? 0)
      const { bytesToRead } = options ?? {}
      return Stream.unwrapScoped(Effect.map(open(path, "r", undefined), (file) =>
        Stream.mapError(
          remoteFilesData.chunks(file.read, {
            offset,
            end: bytesToRead === undefined ? everything : offset + Number(bytesToRead),
            chunkSize: Number(options?.chunkSize ?? 64 * 1024),
            atOnce: options?.bufferSize ?? 16
          }),
          (error) => remoteFilesError.of("readAlloc", path, error)
        )))
    },
    sink: (path, options) =>
      Sink.unwrapScoped(Effect.flatMap(open(path, options?.flag ?? "w", options?.mode), (file) =>
        remoteFilesData.sink(
          (offset, bytes) => remoteFilesError.named("writeAll", path)(file.write(offset, bytes)),
          options?.flag?.startsWith("a") ?? false
        )))
  }
}

const seconds = (time: number | Date): number => typeof time === "number" ? time : time.getTime() / 1000

/**
 * The same as a layer.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (place: Place): Layer.Layer<FileSystem.FileSystem> =>
  Layer.succeed(FileSystem.FileSystem, make(place))
