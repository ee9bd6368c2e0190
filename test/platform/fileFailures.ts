/** What fails, and how it is told. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { bytes, fails, sample } from "./fileCaseOf.ts"

export const missing = fails("what is not there", () => Effect.void, {
  "NotFound access none": (fs, at) => fs.access(at("none")),
  "NotFound chmod none": (fs, at) => fs.chmod(at("none"), 0o600),
  "NotFound chown none": (fs, at) => fs.chown(at("none"), 0, 0),
  "NotFound copy none": (fs, at) => fs.copy(at("none"), at("new")),
  "NotFound copyFile none": (fs, at) => fs.copyFile(at("none"), at("new")),
  "NotFound link none": (fs, at) => fs.link(at("none"), at("new")),
  "NotFound makeDirectory none/below": (fs, at) => fs.makeDirectory(at("none/below")),
  "NotFound makeTempDirectory none/": (fs, at) => fs.makeTempDirectory({ directory: at("none") }),
  "NotFound open none": (fs, at) => fs.open(at("none")),
  "NotFound open none/below": (fs, at) => fs.open(at("none/below"), { flag: "w" }),
  "NotFound readDirectory none": (fs, at) => fs.readDirectory(at("none")),
  "NotFound readFile none": (fs, at) => fs.readFile(at("none")),
  "NotFound readFile none #string": (fs, at) => fs.readFileString(at("none")),
  "NotFound readLink none": (fs, at) => fs.readLink(at("none")),
  "NotFound realPath none": (fs, at) => fs.realPath(at("none")),
  "NotFound remove none": (fs, at) => fs.remove(at("none")),
  "NotFound remove none #tree": (fs, at) => fs.remove(at("none"), { recursive: true }),
  "NotFound rename none": (fs, at) => fs.rename(at("none"), at("new")),
  "NotFound stat none": (fs, at) => fs.stat(at("none")),
  "NotFound stat ": (fs) => fs.stat(""),
  "NotFound open none #stream": (fs, at) => Stream.runDrain(fs.stream(at("none"))),
  "NotFound open none/below #sink": (fs, at) => Stream.run(Stream.make(bytes("a")), fs.sink(at("none/below"))),
  "NotFound truncate none": (fs, at) => fs.truncate(at("none")),
  "NotFound utime none": (fs, at) => fs.utimes(at("none"), 1, 1),
  "NotFound stat none #watch": (fs, at) => Stream.runDrain(fs.watch(at("none"))),
  "NotFound writeFile none/below": (fs, at) => fs.writeFile(at("none/below"), bytes("a"))
})

export const standing = fails("what stands in the way", sample, {
  "AlreadyExists makeDirectory empty": (fs, at) => fs.makeDirectory(at("empty")),
  "AlreadyExists makeDirectory file": (fs, at) => fs.makeDirectory(at("file")),
  "AlreadyExists makeDirectory file #recursive": (fs, at) => fs.makeDirectory(at("file"), { recursive: true }),
  "AlreadyExists makeDirectory dangling": (fs, at) => fs.makeDirectory(at("dangling")),
  "AlreadyExists open file": (fs, at) => fs.open(at("file"), { flag: "wx" }),
  "AlreadyExists open file #read": (fs, at) => fs.open(at("file"), { flag: "wx+" }),
  "AlreadyExists open file #append": (fs, at) => fs.open(at("file"), { flag: "ax" }),
  "AlreadyExists open dangling": (fs, at) => fs.open(at("dangling"), { flag: "wx" }),
  "AlreadyExists open empty": (fs, at) => fs.open(at("empty"), { flag: "ax+" }),
  "AlreadyExists writeFile file": (fs, at) => fs.writeFile(at("file"), bytes("a"), { flag: "wx" }),
  "AlreadyExists symlink any": (fs, at) => fs.symlink("any", at("file")),
  "AlreadyExists link file": (fs, at) => fs.link(at("file"), at("full/inner")),
  "BadResource open empty": (fs, at) => fs.open(at("empty"), { flag: "w" }),
  "BadResource open empty #update": (fs, at) => fs.open(at("empty"), { flag: "r+" }),
  "BadResource readFile empty": (fs, at) => fs.readFile(at("empty")),
  "BadResource writeFile empty": (fs, at) => fs.writeFile(at("empty"), bytes("a")),
  "BadResource truncate empty": (fs, at) => fs.truncate(at("empty")),
  "BadResource rename file": (fs, at) => fs.rename(at("file"), at("empty")),
  "BadResource rename empty": (fs, at) => fs.rename(at("empty"), at("file")),
  "Unknown rename empty": (fs, at) => fs.rename(at("empty"), at("full")),
  "Unknown rename full": (fs, at) => fs.rename(at("full"), at("full/deep/inside")),
  "Unknown remove full": (fs, at) => fs.remove(at("full")),
  "Unknown remove empty": (fs, at) => fs.remove(at("empty")),
  "Unknown readLink file": (fs, at) => fs.readLink(at("file")),
  "Unknown link full": (fs, at) => fs.link(at("full"), at("other")),
  "Unknown copy full": (fs, at) => fs.copy(at("full"), at("file")),
  "Unknown copy file": (fs, at) => fs.copy(at("file"), at("full")),
  "Unknown copy full #itself": (fs, at) => fs.copy(at("full"), at("full/deep/inside")),
  "Unknown copy file #same": (fs, at) => fs.copy(at("file"), at("file"), { overwrite: true }),
  "BadResource copyFile file": (fs, at) => fs.copyFile(at("file"), at("empty"))
})

export const above = fails("a file where a directory should be", sample, {
  "BadResource access file/below": (fs, at) => fs.access(at("file/below")),
  "BadResource copyFile file/below": (fs, at) => fs.copyFile(at("file/below"), at("new")),
  "BadResource copy file/below": (fs, at) => fs.copy(at("file/below"), at("new")),
  "BadResource makeDirectory file/below": (fs, at) => fs.makeDirectory(at("file/below")),
  "BadResource makeDirectory file/below #recursive": (fs, at) =>
    fs.makeDirectory(at("file/below"), { recursive: true }),
  "BadResource open file/below": (fs, at) => fs.open(at("file/below")),
  "BadResource open file/below #write": (fs, at) => fs.open(at("file/below"), { flag: "w" }),
  "BadResource stat file/": (fs, at) => fs.stat(at("file/")),
  "BadResource readDirectory file": (fs, at) => fs.readDirectory(at("file")),
  "BadResource remove file/below": (fs, at) => fs.remove(at("file/below")),
  "BadResource remove file/below #tree": (fs, at) => fs.remove(at("file/below"), { recursive: true }),
  "BadResource rename file/below": (fs, at) => fs.rename(at("file/below"), at("new")),
  "BadResource stat file/below/more": (fs, at) => fs.stat(at("file/below/more")),
  "BadResource stat round": (fs, at) => fs.stat(at("round")),
  "BadResource open round": (fs, at) => fs.open(at("round")),
  "NotFound stat dangling": (fs, at) => fs.stat(at("dangling")),
  "NotFound realPath dangling": (fs, at) => fs.realPath(at("dangling")),
  "BadArgument stat": (fs, at) => fs.stat(at("a\0b")),
  "BadArgument makeDirectory": (fs, at) => fs.makeDirectory(at("a\0b"))
})

export const denied = fails("what the user may not", (fs, at) =>
  Effect.gen(function*() {
    yield* sample(fs, at)
    yield* fs.chmod(at("file"), 0)
    yield* fs.chmod(at("full"), 0o500)
  }), {
  "PermissionDenied open file": (fs, at) => fs.open(at("file")),
  "PermissionDenied open file #write": (fs, at) => fs.open(at("file"), { flag: "w" }),
  "PermissionDenied readFile file": (fs, at) => fs.readFile(at("file")),
  "PermissionDenied access file": (fs, at) => fs.access(at("file"), { readable: true }),
  "PermissionDenied makeDirectory full/new": (fs, at) => fs.makeDirectory(at("full/new")),
  "PermissionDenied writeFile full/new": (fs, at) => fs.writeFile(at("full/new"), bytes("a")),
  "PermissionDenied remove full/inner": (fs, at) => fs.remove(at("full/inner")),
  "PermissionDenied rename full/inner": (fs, at) => fs.rename(at("full/inner"), at("new")),
  "PermissionDenied truncate file": (fs, at) => fs.truncate(at("file")),
  "Unknown chown empty": (fs, at) => fs.chown(at("empty"), 1, 1)
}, { needs: "user" })
