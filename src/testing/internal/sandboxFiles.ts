/**
 * The files of a Sandbox: one directory with keys, ssh config, known hosts and a home for each host.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import ssh2 from "ssh2"
import type { ParsedKey } from "ssh2"
import { quote } from "../../internal/words.ts"
import { SandboxError } from "../SandboxError.ts"

/**
 * A key pair in OpenSSH's formats.
 *
 * @internal
 */
export interface KeyPair {
  readonly private: string
  /** `ssh-ed25519 AAAA…` */
  readonly public: string
}

const parse = (pair: KeyPair): ParsedKey | Error => ssh2.utils.parseKey(pair.private)

/**
 * A key pair of this run. An RSA key would block the event loop for a second.
 *
 * @internal
 */
export const makeKey: Effect.Effect<KeyPair> = Effect.sync((): KeyPair => {
  const pair = ssh2.utils.generateKeyPairSync("ed25519")
  return { private: pair.private, public: pair.public.trim() }
}).pipe(
  // ssh2 drops leading zero bytes: one pair in 256 is malformed.
  Effect.repeat({ until: (pair) => !(parse(pair) instanceof Error) })
)

/**
 * A line of authorized_keys.
 *
 * @internal
 */
export const toPublicKey = (line: string): Effect.Effect<ParsedKey, SandboxError> =>
  Effect.suspend(() => {
    const parsed = ssh2.utils.parseKey(line)
    return parsed instanceof Error
      ? new SandboxError({
        reason: "Files",
        step: "read the public keys of the users",
        detail: parsed.message,
        hint: "each is a line as ssh-keygen writes it into a .pub file"
      })
      : Effect.succeed(parsed)
  })

/**
 * The key as ssh2 checks signatures with it.
 *
 * @internal
 */
export const toParsedKey = (pair: KeyPair): Effect.Effect<ParsedKey> =>
  Effect.suspend(() => {
    const parsed = parse(pair)
    return parsed instanceof Error ? Effect.die(parsed) : Effect.succeed(parsed)
  })

const attempt = <A>(step: string, run: () => A): Effect.Effect<A, SandboxError> =>
  Effect.try({
    try: run,
    catch: (cause) =>
      new SandboxError({
        reason: "Files",
        step,
        detail: cause instanceof Error ? cause.message : String(cause),
        hint: "the sandbox needs a directory in which it may write; name another one with the option directory",
        cause
      })
  })

/**
 * A new directory below `parent` (default: that for temporary files), removed with the scope.
 *
 * @internal
 */
export const makeDirectory = (parent: string | undefined): Effect.Effect<string, SandboxError, Scope.Scope> =>
  Effect.acquireRelease(
    attempt("make the directory", () => {
      return fs.realpathSync(fs.mkdtempSync(path.join(parent ?? os.tmpdir(), "lazycluster-sandbox-")))
    }),
    // What was killed may still have been writing.
    (directory) =>
      attempt(
        "remove the directory",
        () => fs.rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 10 })
      ).pipe(Effect.ignoreLogged)
  )

/**
 * The home directory of a host, with the directory for its temporary files.
 *
 * @internal
 */
export const makeHome = (directory: string, alias: string): Effect.Effect<string, SandboxError> =>
  attempt("make a home directory", () => {
    const home = path.join(directory, "hosts", alias)
    fs.mkdirSync(path.join(home, "tmp"), { recursive: true, mode: 0o700 })
    return home
  })

/**
 * The user whose processes they are: the one who runs this program.
 *
 * @internal
 */
export const user: Effect.Effect<string> = Effect.sync(() => os.userInfo().username)

/**
 * The environment of the processes of a host: that of a login, without anything else of this program's own.
 *
 * @internal
 */
export const makeEnvironment = (options: {
  readonly directory: string
  readonly home: string
  readonly user: string
  readonly cache: string | undefined
  readonly python: string | undefined
  readonly env: Readonly<Record<string, string>> | undefined
}): Effect.Effect<Readonly<Record<string, string>>, SandboxError> =>
  Effect.gen(function*() {
    const manager = yield* Config.all({
      path: Config.withDefault(Config.string("PATH"), "/usr/local/bin:/usr/bin:/bin"),
      language: Config.withDefault(Config.string("LANG"), "C.UTF-8"),
      home: Config.withDefault(Config.string("HOME"), os.homedir()),
      cache: Config.withDefault(Config.string("XDG_CACHE_HOME"), "")
    }).pipe(Effect.orDie)
    const { python } = options
    const bin = path.join(options.directory, "bin")
    if (python !== undefined) {
      yield* attempt("name the interpreter python3", () => {
        fs.mkdirSync(bin, { recursive: true })
        // A link would hide from an interpreter the environment that it belongs to.
        fs.writeFileSync(path.join(bin, "python3"), `#!/bin/sh\nexec ${quote(python)} "$@"\n`, { mode: 0o755 })
      })
    }
    return {
      PATH: python === undefined ? manager.path : `${bin}:${manager.path}`,
      HOME: options.home,
      USER: options.user,
      LOGNAME: options.user,
      SHELL: "/bin/sh",
      LANG: manager.language,
      TMPDIR: path.join(options.home, "tmp"),
      XDG_CACHE_HOME: options.cache ?? (manager.cache === "" ? path.join(manager.home, ".cache") : manager.cache),
      ...options.env
    }
  })

/**
 * Where the client's files lie.
 *
 * @internal
 */
export interface ClientFiles {
  readonly home: string
  readonly configFile: string
  readonly identityFile: string
  readonly knownHostsFile: string
}

const configText = (
  hosts: ReadonlyArray<{ readonly alias: string; readonly port: number }>,
  user: string,
  files: ClientFiles,
  address: string
): string => {
  const value = (file: string) => /\s/.test(file) ? `"${file}"` : file
  return hosts.map(({ alias, port }) =>
    [
      `Host ${alias}`,
      `HostName ${address}`,
      `Port ${port}`,
      `User ${user}`,
      `IdentityFile ${value(files.identityFile)}`,
      "IdentitiesOnly yes",
      `UserKnownHostsFile ${value(files.knownHostsFile)}`,
      "StrictHostKeyChecking yes"
    ].join("\n  ")
  ).join("\n\n") + "\n"
}

/**
 * Writes what a client needs to reach the hosts.
 *
 * @internal
 */
export const writeClientFiles = (options: {
  readonly directory: string
  readonly user: string
  readonly address: string
  readonly key: KeyPair
  readonly hosts: ReadonlyArray<{ readonly alias: string; readonly port: number; readonly hostKey: string }>
}): Effect.Effect<ClientFiles, SandboxError> =>
  attempt("write the ssh config", () => {
    const home = path.join(options.directory, "manager")
    const ssh = path.join(home, ".ssh")
    const files: ClientFiles = {
      home,
      configFile: path.join(ssh, "config"),
      identityFile: path.join(ssh, "id_ed25519"),
      knownHostsFile: path.join(ssh, "known_hosts")
    }
    fs.mkdirSync(ssh, { recursive: true, mode: 0o700 })
    const write = (file: string, text: string) => fs.writeFileSync(file, text, { mode: 0o600 })
    write(files.identityFile, options.key.private)
    write(`${files.identityFile}.pub`, `${options.key.public}\n`)
    write(
      files.knownHostsFile,
      options.hosts.map((host) => `[${options.address}]:${host.port} ${host.hostKey}\n`).join("")
    )
    write(files.configFile, configText(options.hosts, options.user, files, options.address))
    return files
  })
