import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Host } from "../../src/services/Host.ts"
import * as SshConfig from "../../src/services/SshConfig.ts"

const box = Host.make({ alias: "box" })

/** What is said of the host `box`; files are named by their path below the home directory. */
const why = (files: Readonly<Record<string, string>>, environment: Readonly<Record<string, string>> = {}) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const home = yield* fs.makeTempDirectoryScoped({ prefix: "lc-home-" })
    yield* fs.makeDirectory(`${home}/.ssh`)
    for (const [name, text] of Object.entries(files)) {
      yield* fs.writeFileString(`${home}/.ssh/${name}`, text, { mode: 0o600 })
    }
    const provider = ConfigProvider.fromMap(new Map(Object.entries({ HOME: home, ...environment })))
    const resolved = yield* SshConfig.make({ systemFile: `${home}/none` }).pipe(
      Effect.flatMap((config) => config.resolve(box)),
      Effect.withConfigProvider(provider)
    )
    return Option.getOrElse(SshConfig.needsOpenSsh(resolved), () => "ssh2 will do").replaceAll(home, "~")
  }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))

const agent = { SSH_AUTH_SOCK: "/run/agent" }
const edKey = "AAAAC3NzaC1lZDI1NTE5AAAAIKDoD4jDCsXBIYaUPvyuMIkXUgsSv4qTSvOZNZk1pOaS"
/** As `ssh-keygen -t ed25519-sk` writes it: the type stands in the public part of the private file. */
const privateHalf = (type: string) =>
  `-----BEGIN OPENSSH PRIVATE KEY-----\n${
    btoa(`openssh-key-v1\0\0\0\0\x04none\0\0\0\x04none\0\0\0\0\0\0\0\x01\0\0\0J\0\0\0\x1a${type}`)
  }\n-----END OPENSSH PRIVATE KEY-----\n`
const hardware = privateHalf("sk-ssh-ed25519@openssh.com")

const cases: ReadonlyArray<
  readonly [string, string, Readonly<Record<string, string>>, Readonly<Record<string, string>>?]
> = [
  ["nothing at all", "ssh2 will do", {}],
  ["a plain key", "ssh2 will do", { id_ed25519: privateHalf("ssh-ed25519") }],
  [
    "CertificateFile",
    "it is reached with a certificate, ~/.ssh/user-cert.pub",
    { config: "CertificateFile ~/.ssh/user-cert.pub" }
  ],
  [
    "a certificate beside a key",
    "it is reached with a certificate, ~/.ssh/id_ed25519-cert.pub",
    { id_ed25519: "key", "id_ed25519-cert.pub": "ssh-ed25519-cert-v01@openssh.com AAAA" }
  ],
  [
    "a certificate, but keys are off",
    "ssh2 will do",
    { id_ed25519: "key", "id_ed25519-cert.pub": "cert", config: "PubkeyAuthentication no" }
  ],
  [
    "a smart card",
    "its key is on a smart card, PKCS11Provider /usr/lib/opensc.so",
    { config: "PKCS11Provider /usr/lib/opensc.so" }
  ],
  [
    "a security key, by its private half",
    "its key is on a security key, ~/.ssh/fido",
    { config: "IdentityFile ~/.ssh/fido", fido: hardware },
    agent
  ],
  [
    "a security key, by its public half",
    "its key is on a security key, ~/.ssh/fido",
    { config: "IdentityFile ~/.ssh/fido", "fido.pub": "sk-ecdsa-sha2-nistp256@openssh.com AAAA" }
  ],
  [
    "a security key and a plain one",
    "ssh2 will do",
    { config: "IdentityFile ~/.ssh/fido\nIdentityFile ~/.ssh/id", fido: hardware, id: privateHalf("ssh-ed25519") }
  ],
  [
    "a security key under its default name, and no agent",
    "its key is on a security key, ~/.ssh/id_ed25519_sk",
    { id_ed25519_sk: hardware }
  ],
  ["a security key under its default name, beside an agent", "ssh2 will do", { id_ed25519_sk: hardware }, agent],
  [
    "Kerberos as the only way",
    "the ssh config allows gssapi-with-mic only",
    { config: "GSSAPIAuthentication yes\nPreferredAuthentications gssapi-with-mic" }
  ],
  ["Kerberos before others", "ssh2 will do", { config: "GSSAPIAuthentication yes" }],
  [
    "Kerberos and nothing else left on",
    "the ssh config allows gssapi-with-mic and hostbased only",
    {
      config:
        "GSSAPIAuthentication yes\nPubkeyAuthentication no\nPasswordAuthentication no\nChallengeResponseAuthentication no"
    }
  ],
  [
    "an authority for hosts",
    "its host key is vouched for by an authority only, ~/.ssh/known_hosts:1",
    { known_hosts: `@cert-authority b* ssh-ed25519 ${edKey}` }
  ],
  [
    "an authority, and a key of the host's own",
    "ssh2 will do",
    { known_hosts: `@cert-authority b* ssh-ed25519 ${edKey}\nbox ssh-ed25519 ${edKey}` }
  ],
  ["an authority for others", "ssh2 will do", { known_hosts: `@cert-authority c* ssh-ed25519 ${edKey}` }]
]

describe("whether a host needs OpenSSH", () => {
  it.effect.each(cases)("%s: %s", ([, expected, files, environment]) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* why(files, environment), expected)
    }))
})
