/**
 * From a host to what the config says of it: one reading of the files, a second where the config asks for it, then defaults.
 *
 * @since 0.1.0
 */
import * as Command from "@effect/platform/Command"
import * as CommandExecutor from "@effect/platform/CommandExecutor"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Host } from "../services/Host.ts"
import type { Options } from "../services/SshConfig.ts"
import { SshConfigError } from "../services/SshError.ts"
import { canonical } from "./address.ts"
import * as LocalUser from "./localUser.ts"
import * as File from "./sshConfigFile.ts"
import { finish } from "./sshConfigFinish.ts"
import * as Setting from "./sshConfigSettings.ts"
import * as Tokens from "./sshConfigTokens.ts"

/** A command in a config that hangs would hang every use of its host. */
const commandTime = "30 seconds"

/** Nothing is set, and what stands before the first Host line applies. */
const blank: File.State = { settings: new Map(), active: true, asksFinal: false, names: [] }

const optional = (name: string): Effect.Effect<Option.Option<string>> =>
  Effect.orElseSucceed(Config.option(Config.string(name)), () => Option.none())

const given = (host: Host): Setting.Settings =>
  new Map(
    // A percent sign in a name that is given is no token.
    Object.entries({ user: host.user, port: host.port, hostname: host.hostName?.replaceAll("%", "%%") }).flatMap((
      [name, value]
    ) => value === undefined ? [] : [[name, { values: [String(value)], file: "the host's name", line: 1 }] as const])
  )

/** Names go into shell lines by `%h`, `%n` and `%r`. What OpenSSH takes from no command line is not taken from a program. */
const harmless = (host: Host): Effect.Effect<void, SshConfigError> =>
  [host.alias, host.hostName ?? ""].some((name) => /^-|['`"$\\;&<>|(){},\s\p{Cc}]/u.test(name)) ||
    /^-|['`";&<>|(){}\p{Cc}]|\s-|\\$/u.test(host.user ?? "")
    ? new SshConfigError({
      reason: "InvalidHost",
      host: host.alias,
      detail: "the name of the host or of its user holds characters that a shell would act on",
      hint: "write such a host into your ssh config under a plain alias"
    })
    : Effect.void

/**
 * Both answers of the service.
 *
 * @internal
 */
export const make = Effect.fnUntraced(function*(options: Options) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const executor = yield* CommandExecutor.CommandExecutor
  const local = yield* LocalUser.current
  const home = options.home ?? Option.getOrElse(yield* optional("HOME"), () => local.home)
  const systemFile = options.systemFile ?? "/etc/ssh/ssh_config"
  const user: File.Source = {
    path: options.file === undefined ? path.join(home, ".ssh", "config") : path.resolve(options.file),
    directory: path.join(home, ".ssh"),
    system: false,
    guarded: options.file === undefined,
    depth: 0,
    idle: false
  }
  const system: File.Source = {
    path: systemFile,
    directory: path.dirname(systemFile),
    system: true,
    guarded: false,
    depth: 0,
    idle: false
  }

  const succeeds = (command: string) =>
    executor.exitCode(
      Command.make("/bin/sh", "-c", `exec </dev/null >/dev/null 2>&1; eval "$1"`, "lazycluster-match", command)
    ).pipe(
      Effect.map((code) => code === 0),
      Effect.mapError((cause) => `${command} did not run to its end: ${cause.message}`),
      Effect.timeoutFail({ duration: commandTime, onTimeout: () => `${command} runs for more than ${commandTime}` })
    )

  const present = Effect.flatMap(
    Effect.orElseSucceed(fs.exists(user.path), () => false),
    (there) =>
      there || options.file === undefined
        ? Effect.void
        : new SshConfigError({
          reason: "Unreadable",
          detail: `${user.path} is not there`,
          hint: "name an ssh config that exists, or none for ~/.ssh/config"
        })
  )

  const factsOf = (host: Host, settings: Setting.Settings, hostName: string): Tokens.Facts => ({
    local,
    home,
    argument: host.alias,
    hostName,
    port: Number(Setting.first(settings, "port") ?? 22),
    user: Setting.first(settings, "user") ?? local.name,
    hostKeyAlias: Setting.first(settings, "hostkeyalias"),
    jump: (settings.get("proxyjump")?.values ?? []).join(",")
  })

  const readAll = (host: Host, before: Setting.Settings, final: Option.Option<string>) => {
    const nameIn = (settings: Setting.Settings) =>
      Option.match(final, {
        onNone: () => Tokens.percent(Setting.first(settings, "hostname") ?? host.alias, { h: host.alias }),
        onSome: Effect.succeed
      })
    const context: File.Context = {
      fs,
      local,
      home,
      alias: host.alias,
      name: Option.getOrElse(final, () => host.alias),
      final: Option.isSome(final),
      facts: (settings) => Effect.map(nameIn(settings), (name) => factsOf(host, settings, name)),
      succeeds,
      namesOnly: false
    }
    const sources = options.file === undefined ? [user, system] : [user]
    return Effect.reduce(
      sources,
      { ...blank, settings: before },
      (state, source) => File.read({ ...state, active: true }, context, source)
    ).pipe(
      Effect.bindTo("state"),
      Effect.bind("name", ({ state: { settings } }) => {
        const place = settings.get("hostname")
        return Effect.mapError(
          nameIn(settings),
          (detail) =>
            File.syntaxError(host.alias, place === undefined ? user.path : `${place.file}:${place.line}`, detail)
        )
      })
    )
  }

  const resolve = Effect.fnUntraced(function*(host: Host) {
    yield* harmless(host)
    yield* present
    const once = yield* readAll(host, given(host), Option.none())
    const hostName = canonical(once.name)
    const canonicalize = Setting.first(once.state.settings, "canonicalizehostname") ?? "no"
    const again = once.state.asksFinal || canonicalize !== "no"
    const { state } = again ? yield* readAll(host, once.state.settings, Option.some(hostName)) : once
    return yield* finish(host, state.settings, factsOf(host, state.settings, hostName), {
      environment: optional,
      exists: (file) => Effect.orElseSucceed(fs.exists(file), () => false),
      files: fs
    })
  })

  /** Each name that stands in a Host line, and where. */
  const places = Effect.gen(function*() {
    yield* present
    const context: File.Context = {
      fs,
      local,
      home,
      alias: undefined,
      name: "",
      final: false,
      facts: () => Effect.fail("no host is asked for"),
      succeeds,
      namesOnly: true
    }
    const { names } = yield* File.read(blank, context, user)
    return names
  })
  const aliases = Effect.map(places, (names) => [...new Set(names.map(({ name }) => name))])

  /** OpenSSH looks in the home that the user list names, whatever HOME says. */
  const file = options.file !== undefined
    ? Effect.succeedSome(user.path)
    : home === local.home
    ? Effect.succeedNone
    : Effect.map(
      Effect.orElseSucceed(fs.exists(user.path), () => false),
      (there) => there ? Option.some(user.path) : Option.none()
    )

  return { resolve, aliases, places, file, path: user.path, home }
})
