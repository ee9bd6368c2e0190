/**
 * The machine that runs this program: its ssh, agent, keys, Node, and the machine itself.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as nodeVersion from "../internal/nodeVersion.ts"
import * as Agent from "../internal/ssh2Agent.ts"
import { manager } from "../services/Host.ts"
import { Ssh } from "../services/Ssh.ts"
import { needsOpenSsh, type ResolvedHost } from "../services/SshConfig.ts"
import type { Files, FileStat } from "../services/SshConnection.ts"
import * as DoctorFinding from "./DoctorFinding.ts"
import * as doctorReport from "./doctorReport.ts"

const say = DoctorFinding.on(manager.alias)

const node = Effect.map(nodeVersion.current, (version) => {
  const [major = 0, minor = 0] = version.split(".").map(Number)
  return major > 20 || (major === 20 && minor >= 19)
    ? say("node", "ok", version)
    : say("node", "problem", `${version}: 20.19 is the oldest that will do`, "install a newer Node.js, 22 or later")
})

const ssh = (report: doctorReport.Report, hosts: ReadonlyArray<ResolvedHost>): DoctorFinding.DoctorFinding => {
  const version = doctorReport.value(report, "ssh")
  if (version !== undefined) return say("ssh", "ok", version)
  const needing = hosts.filter((host) => Option.isSome(needsOpenSsh(host))).map(({ host }) => host.alias)
  return needing.length === 0
    ? say("ssh", "ok", "there is no ssh here: nothing of this config needs one")
    : say(
      "ssh",
      "problem",
      `there is no ssh here, and ${needing.join(", ")} cannot do without`,
      "install OpenSSH's client"
    )
}

/** In OpenSSH's own words, with file and line. */
const config = (report: doctorReport.Report): ReadonlyArray<DoctorFinding.DoctorFinding> => {
  const lines = doctorReport.values(report, "config")
  return lines.length === 0
    ? [say("config", "ok", "ssh has nothing to say against the ssh config")]
    : lines.map((line) =>
      say(
        "config",
        /bad configuration|terminating|unsupported option|missing/i.test(line) ? "problem" : "warning",
        line,
        "correct that line: `man ssh_config` says what may stand there"
      )
    )
}

const agents = (hosts: ReadonlyArray<ResolvedHost>): Effect.Effect<ReadonlyArray<DoctorFinding.DoctorFinding>> => {
  const paths = [
    ...new Set(hosts.flatMap(({ identityAgent = "none" }) => identityAgent === "none" ? [] : [identityAgent]))
  ]
  if (paths.length === 0) return Effect.succeed([say("agent", "skipped", "no host asks one")])
  return Effect.forEach(
    paths,
    (path) =>
      Effect.scoped(Effect.map(Agent.ask(path), ({ keys, problem }) =>
        problem !== undefined
          ? say("agent", "warning", problem, "start one and load a key: `eval \"$(ssh-agent)\" && ssh-add`")
          : say(
            "agent",
            "ok",
            keys.length === 0
              ? `the agent at ${path} holds no key`
              : `the agent holds ${keys.map(({ key }) => `${key.type} ${key.comment}`.trim()).join(", ")}`
          )))
  )
}

const others = 0o077
const writeOthers = 0o022

/** What OpenSSH would refuse: this package does not, but `ssh` by hand would. */
const keys = Effect.fnUntraced(function*(files: Files, hosts: ReadonlyArray<ResolvedHost>) {
  const named = (path: string) =>
    hosts.filter(({ identityFiles }) => identityFiles.includes(path)).map(({ host }) => host.alias).join(", ")
  const paths = [...new Set(hosts.flatMap(({ identityFiles }) => identityFiles))]
  const folders = [...new Set(paths.map((path) => path.slice(0, Math.max(1, path.lastIndexOf("/")))))]
  const stat = (path: string) => Effect.orElseSucceed(files.stat(path), () => Option.none<FileStat>())
  const ofKeys = yield* Effect.forEach(paths, (path) =>
    Effect.map(
      stat(path),
      Option.match({
        onNone: () => [
          say(
            "keys",
            "warning",
            `${path}, for ${named(path)}, is not there`,
            `make it: ssh-keygen -t ed25519 -f ${path}`
          )
        ],
        onSome: ({ mode }) =>
          (mode & others) === 0 ? [] : [
            say("keys", "warning", `${path} can be read by others: ssh refuses to use it`, `chmod 600 ${path}`)
          ]
      })
    ))
  const ofFolders = yield* Effect.forEach(
    folders,
    (path) =>
      Effect.map(stat(path), (found) =>
        Option.exists(found, ({ mode }) => (mode & writeOthers) !== 0)
          ? [say("keys", "warning", `others may write in ${path}`, `chmod 700 ${path}`)]
          : [])
  )
  const all = [...ofKeys, ...ofFolders].flat()
  return all.length > 0
    ? all
    : [
      say(
        "keys",
        paths.length === 0 ? "skipped" : "ok",
        paths.length === 0 ? "no host names a key file" : paths.join(", ")
      )
    ]
})

/**
 * Looks at the manager, for these hosts. Gives what the machine said, too.
 *
 * @internal
 */
export const examine = Effect.fnUntraced(function*(
  hosts: ReadonlyArray<ResolvedHost>,
  configFile: string
): Effect.fn.Return<
  { readonly findings: ReadonlyArray<DoctorFinding.DoctorFinding>; readonly report: doctorReport.Report | undefined },
  never,
  Ssh
> {
  const { connect } = yield* Ssh
  const looked = yield* Effect.flatMap(connect(manager), (connection) =>
    Effect.all({
      report: Effect.either(doctorReport.ask(connection, configFile)),
      keys: Effect.flatMap(connection.files, (files) => keys(files, hosts))
    }, { concurrency: 2 })).pipe(Effect.scoped, Effect.either)
  const first = [yield* node, ...(yield* agents(hosts))]
  if (Either.isLeft(looked)) {
    return { findings: [...first, DoctorFinding.wrong(say, "shell", looked.left)], report: undefined }
  }
  const { keys: ofKeys, report } = looked.right
  return Either.match(report, {
    onLeft: (error) => ({
      findings: [...first, ...ofKeys, DoctorFinding.wrong(say, "shell", error)],
      report: undefined
    }),
    onRight: (report) => ({
      findings: [...first, ...ofKeys, ssh(report, hosts), ...config(report)],
      report
    })
  })
})
