/** An OpenSSH server on loopback, for as long as it is measured: a key, a port, and nothing of this machine's own. */
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as net from "node:net"
import * as os from "node:os"

const run = (...argv: readonly [string, ...Array<string>]) =>
  Effect.filterOrFail(Command.exitCode(Command.make(...argv)), (code) => code === 0, () => `${argv.join(" ")} failed`)

const freePort = Effect.async<number>((resume) => {
  const server = net.createServer()
  server.listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() => resume(Effect.succeed(address !== null && typeof address === "object" ? address.port : 0)))
  })
})

/** The path of an ssh config in which the host is called `bench`, and the number of its server. */
export const make = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* fs.makeTempDirectoryScoped({ prefix: "lazycluster-sshd-" })
  const at = (name: string) => `${directory}/${name}`
  yield* run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", at("key"))
  yield* run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", at("hostkey"))
  const port = yield* freePort
  yield* fs.writeFileString(
    at("sshd_config"),
    [
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${at("hostkey")}`,
      `AuthorizedKeysFile ${at("key.pub")}`,
      "StrictModes no",
      "UsePAM no",
      "PermitRootLogin yes",
      "PidFile none",
      "Subsystem sftp internal-sftp",
      ""
    ].join("\n")
  )
  yield* fs.writeFileString(
    at("config"),
    [
      "Host bench",
      "  HostName 127.0.0.1",
      `  Port ${port}`,
      `  User ${os.userInfo().username}`,
      `  IdentityFile ${at("key")}`,
      "  IdentitiesOnly yes",
      `  UserKnownHostsFile ${at("known_hosts")}`,
      ""
    ].join("\n")
  )
  const hostKey = (yield* fs.readFileString(at("hostkey.pub"))).split(" ").slice(0, 2).join(" ")
  yield* fs.writeFileString(at("known_hosts"), `[127.0.0.1]:${port} ${hostKey}\n`)
  if (os.userInfo().uid === 0) yield* fs.makeDirectory("/run/sshd", { recursive: true })
  const server = yield* Command.start(Command.make("/usr/sbin/sshd", "-D", "-f", at("sshd_config")))
  yield* run("ssh", "-F", at("config"), "-o", "BatchMode=yes", "bench", "true").pipe(
    Effect.retry(Schedule.spaced("100 millis").pipe(Schedule.upTo("10 seconds")))
  )
  return { config: at("config"), pid: server.pid }
})
