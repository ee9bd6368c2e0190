/** Trees of this machine with names in any bytes, for tests of transfers. */
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import { createHash } from "node:crypto"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const below = (root: string, path: Buffer): Buffer => Buffer.concat([Buffer.from(`${root}/`), path])

/** A directory of this test, gone with the scope. */
export const temporary = Effect.acquireRelease(
  Effect.sync(() => fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "transfer-")))),
  (directory) =>
    Effect.sync(() => {
      for (const { kind, path } of walk(directory)) if (kind === "d") fs.chmodSync(below(directory, path), 0o700)
      fs.rmSync(directory, { recursive: true, force: true })
    })
)

interface Found {
  readonly path: Buffer
  readonly kind: "d" | "f" | "l"
}

const walk = (root: string, under: Buffer = Buffer.alloc(0)): ReadonlyArray<Found> =>
  fs.readdirSync(under.length === 0 ? root : below(root, under), { encoding: "buffer" }).flatMap((name) => {
    const path = under.length === 0 ? name : Buffer.concat([under, Buffer.from("/"), name])
    const stat = fs.lstatSync(below(root, path))
    return stat.isSymbolicLink()
      ? [{ path, kind: "l" as const }]
      : stat.isDirectory()
      ? [{ path, kind: "d" as const }, ...walk(root, path)]
      : [{ path, kind: "f" as const }]
  })

/** All that a transfer keeps: names as bytes, kinds, modes, times to the second, contents. */
export const describe = (root: string, options: { readonly times?: boolean } = {}): ReadonlyArray<string> =>
  walk(root).map(({ kind, path }) => {
    const at = below(root, path)
    const stat = fs.lstatSync(at, { bigint: true })
    const time = options.times === false || kind === "l" ? "" : String(stat.mtimeNs / 1_000_000_000n)
    const content = kind === "l"
      ? fs.readlinkSync(at, "buffer").toString("latin1")
      : kind === "f"
      ? createHash("sha256").update(fs.readFileSync(at)).digest("hex").slice(0, 12)
      : ""
    const mode = kind === "l" ? "" : (Number(stat.mode) & 0o777).toString(8)
    return [kind, JSON.stringify(path.toString("latin1")), mode, time, content].join(" ")
  }).sort()

export const write = (root: string, path: Buffer | string, content: Uint8Array | string, mode = 0o644): void => {
  const bytes = Buffer.from(path)
  const slash = bytes.lastIndexOf("/")
  fs.mkdirSync(below(root, bytes.subarray(0, Math.max(slash, 0))), { recursive: true })
  fs.writeFileSync(below(root, bytes), content)
  fs.chmodSync(below(root, bytes), mode)
}

/** Names as bad as they come, every kind, modes, and a file that travels alone. */
export const fill = (root: string): void => {
  fs.mkdirSync(root, { recursive: true })
  const names = [
    "a b",
    "it's \"quoted\"",
    "-rf",
    "--",
    "new\nline",
    "back\\slash",
    "\\1\\n\\\\",
    "tab\t",
    "*",
    "$(date)",
    "~",
    "end\n",
    "é",
    "😀"
  ]
  for (const name of names) write(root, name, name)
  write(root, Buffer.from([0x66, 0xff, 0xfe, 0x0a, 0x80]), "bytes")
  write(root, Buffer.concat([Buffer.from([0xc3, 0x28]), Buffer.from("/"), Buffer.from([0xed, 0xa0, 0x80])]), "deeper")
  write(root, `${"deep/".repeat(30)}${"n".repeat(200)}`, "deep")
  write(root, "modes/secret", "s", 0o600)
  write(root, "modes/run", "r", 0o751)
  write(root, "modes/read-only", "o", 0o444)
  write(root, "empty-file", "")
  write(root, "large", Buffer.alloc(3 * 1024 * 1024 + 17, "0123456789abcdef\n"), 0o640)
  fs.mkdirSync(`${root}/empty/inner`, { recursive: true })
  fs.symlinkSync("a b", `${root}/link`)
  fs.symlinkSync("/nowhere/at all", `${root}/dangling`)
  fs.symlinkSync("modes", `${root}/to-directory`)
  fs.symlinkSync("x".repeat(300), `${root}/long-link`)
  fs.symlinkSync(Buffer.from([0xff, 0x2f, 0xfe]), Buffer.from(`${root}/bytes-link`))
  fs.utimesSync(`${root}/a b`, 1_000_000_000.25, 1_000_000_000.25)
  fs.chmodSync(`${root}/modes`, 0o550)
  fs.utimesSync(`${root}/empty`, 1_100_000_000, 1_100_000_000)
}

const name = FastCheck.uint8Array({ minLength: 1, maxLength: 12 }).map((bytes) =>
  Buffer.from(bytes.map((byte) => byte === 0 || byte === 0x2f ? 0x5f : byte))
).filter((bytes) => bytes.toString("latin1") !== "." && bytes.toString("latin1") !== "..")

/** Paths of files, in any bytes but NUL. */
export const paths = FastCheck.uniqueArray(
  FastCheck.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.map((part) => part.toString("latin1"))),
  { selector: (parts) => parts[0], maxLength: 12 }
).map((all) => all.map((parts) => Buffer.from(parts.join("/"), "latin1")))
