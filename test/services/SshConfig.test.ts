import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Either } from "effect"
import * as Host from "../../src/services/Host.ts"
import * as SshConfig from "../../src/services/SshConfig.ts"
import type { SshConfigError } from "../../src/services/SshError.ts"

const box = Host.make({ alias: "box" })

const correct = "hint: correct that line; `man ssh_config` says what it may hold"

interface World {
  /** By path below the home directory; `HOME` in a text stands for it. */
  readonly files: Readonly<Record<string, string>>
  readonly environment?: Readonly<Record<string, string>>
  readonly options?: (home: string) => SshConfig.Options
}

const inWorld = <A, E>(
  world: World,
  use: (config: SshConfig.SshConfig["Type"], home: string) => Effect.Effect<A, E>
) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const home = yield* fs.makeTempDirectoryScoped({ prefix: "lc-home-" })
    for (const [name, text] of Object.entries(world.files)) {
      yield* fs.makeDirectory(`${home}/${name}`.replace(/\/[^/]*$/, ""), { recursive: true })
      yield* fs.writeFileString(`${home}/${name}`, text.replaceAll("HOME", home), { mode: 0o600 })
    }
    const config = yield* SshConfig.make(
      world.options?.(home) ?? { systemFile: `${home}/system/ssh_config` }
    ).pipe(
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries({ HOME: home, ...world.environment }))))
    )
    return yield* use(config, home).pipe(
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries({ HOME: home, ...world.environment }))))
    )
  }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))

const resolveIn = (files: World["files"], environment?: World["environment"]) =>
  inWorld(
    { files, ...(environment === undefined ? {} : { environment }) },
    (config, home) => Effect.map(Effect.either(config.resolve(box)), (resolved) => ({ resolved, home }))
  )

const valueIn = (files: World["files"], environment?: World["environment"]) =>
  Effect.flatMap(
    resolveIn(files, environment),
    ({ home, resolved }) => Effect.map(resolved, (value) => ({ value, home }))
  )

const refusal = (resolved: Either.Either<unknown, SshConfigError>) =>
  Either.match(resolved, { onLeft: (error) => error.message, onRight: () => "answered" })

describe("SshConfig", () => {
  it.effect("answers without any file", () =>
    Effect.gen(function*() {
      const { home, value } = yield* valueIn({})
      assert.strictEqual(value.hostName, "box")
      assert.strictEqual(value.port, 22)
      assert.deepStrictEqual(value.identityFiles, [])
      assert.isFalse(value.identitiesConfigured)
      assert.isUndefined(value.identityAgent)
      assert.deepStrictEqual(value.userKnownHostsFiles, [`${home}/.ssh/known_hosts`, `${home}/.ssh/known_hosts2`])
    }))

  it.effect("takes the default identities that exist", () =>
    Effect.gen(function*() {
      const { home, value } = yield* valueIn({ ".ssh/id_rsa": "", ".ssh/id_ed25519": "" })
      assert.deepStrictEqual(value.identityFiles, [`${home}/.ssh/id_ed25519`, `${home}/.ssh/id_rsa`])
    }))

  it.effect("takes configured identities, whether they exist or not", () =>
    Effect.gen(function*() {
      const { home, value } = yield* valueIn({ ".ssh/id_rsa": "", ".ssh/config": "IdentityFile ~/.ssh/missing\n" })
      assert.deepStrictEqual(value.identityFiles, [`${home}/.ssh/missing`])
      assert.isTrue(value.identitiesConfigured)
    }))

  it.effect("includes from ~/.ssh where a path is relative, and reads the system's file last", () =>
    Effect.gen(function*() {
      const { value } = yield* valueIn({
        ".ssh/config": "Include config.d/*\nHost box\n  Port 2\n",
        ".ssh/config.d/a": "Host box\n  User included\n",
        "system/ssh_config": "Include more\nHost *\n  Port 3\n  HashKnownHosts yes\n",
        "system/more": "Compression yes\n"
      })
      assert.strictEqual(value.user, "included")
      assert.strictEqual(value.port, 2)
      assert.isTrue(value.hashKnownHosts)
      assert.isTrue(value.compression)
    }))

  it.effect("does not read the system's file beside a file that was named", () =>
    inWorld({
      files: { mine: "Port 2\n", system: "User system\nPort 3\n" },
      options: (home) => ({ file: `${home}/mine`, systemFile: `${home}/system` })
    }, (config) =>
      Effect.map(config.resolve(box), (value) => {
        assert.strictEqual(value.port, 2)
        assert.notStrictEqual(value.user, "system")
      })))

  it.effect("asks the agent of the environment, or the one that is named, or none", () =>
    Effect.gen(function*() {
      const agent = (text: string) =>
        Effect.map(valueIn({ ".ssh/config": text }, { SSH_AUTH_SOCK: "/run/agent", MINE: "/run/mine" }), ({ value }) =>
          value.identityAgent)
      assert.strictEqual(yield* agent(""), "/run/agent")
      assert.strictEqual(yield* agent("IdentityAgent SSH_AUTH_SOCK\n"), "/run/agent")
      assert.strictEqual(yield* agent("IdentityAgent $MINE\n"), "/run/mine")
      assert.strictEqual(yield* agent("IdentityAgent ${MINE}.%n\n"), "/run/mine.box")
      assert.strictEqual(yield* agent("IdentityAgent $GONE\n"), "none")
      assert.strictEqual(yield* agent("IdentityAgent None\n"), "none")
    }))

  it.effect("puts the environment into paths, and refuses what is not set", () =>
    Effect.gen(function*() {
      const { value } = yield* valueIn({ ".ssh/config": "IdentityFile ${KEYS}/%h\n" }, { KEYS: "/50%h" })
      assert.deepStrictEqual(value.identityFiles, ["/50%h/box"])
      const { home, resolved } = yield* resolveIn({ ".ssh/config": "\nIdentityFile ${KEYS}/a\n" })
      assert.strictEqual(
        refusal(resolved),
        `box: ssh config, Syntax: ${home}/.ssh/config:2: the environment variable KEYS is not set\n${correct}`
      )
    }))

  it.effect("refuses to be handed a descriptor, and says what to write instead", () =>
    Effect.gen(function*() {
      const { resolved } = yield* resolveIn({ ".ssh/config": "ProxyCommand helper %h\nProxyUseFdpass yes\n" })
      assert.strictEqual(
        refusal(resolved),
        `box: ssh config, Unsupported: ProxyUseFdpass hands over an open connection, and Node takes no passed descriptor\nhint: use a plain ProxyCommand such as \`nc %h %p\`, without ProxyUseFdpass`
      )
      const { value } = yield* valueIn({ ".ssh/config": "ProxyJump a\nProxyUseFdpass yes\n" })
      assert.strictEqual(value.proxyJump.length, 1)
    }))

  it.effect("says in which file and line something is wrong, also in an included one", () =>
    Effect.gen(function*() {
      const { home, resolved } = yield* resolveIn({
        ".ssh/config": "Include more\n",
        ".ssh/more": "\n\nHost a\n  Port x\n"
      })
      assert.strictEqual(
        refusal(resolved),
        `box: ssh config, Syntax: ${home}/.ssh/more:4: port takes a port from 1 to 65535, not x\n${correct}`
      )
      const unknown = yield* resolveIn({ ".ssh/config": "HostNme a\n" })
      assert.strictEqual(
        refusal(unknown.resolved),
        `box: ssh config, Syntax: ${unknown.home}/.ssh/config:1: hostnme is no keyword of ssh_config\nhint: correct it, or put above it: IgnoreUnknown hostnme`
      )
    }))

  it.effect("refuses a file that others can write", () =>
    inWorld({ files: { ".ssh/config": "User a\n" } }, (config, home) =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        yield* fs.chmod(`${home}/.ssh/config`, 0o666)
        const error = yield* Effect.flip(config.resolve(box))
        assert.strictEqual(error.reason, "Unreadable")
        assert.strictEqual(error.hint, `make it yours alone: chmod 600 ${home}/.ssh/config`)
      }).pipe(Effect.provide(NodeContext.layer))))

  it.effect("refuses a file that was named and is not there, and reads it once it is", () =>
    inWorld({ files: {}, options: (home) => ({ file: `${home}/later` }) }, (config, home) =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        assert.strictEqual((yield* Effect.flip(config.resolve(box))).reason, "Unreadable")
        assert.strictEqual((yield* Effect.flip(config.aliases)).detail, `${home}/later is not there`)
        yield* fs.writeFileString(`${home}/later`, "Host box\n Port 7\n")
        assert.strictEqual((yield* config.resolve(box)).port, 7)
      }).pipe(Effect.provide(NodeContext.layer))))

  it.effect("does not search for a name in domains", () =>
    Effect.gen(function*() {
      const text = "CanonicalizeHostname yes\nCanonicalDomains example.com\n"
      const { resolved } = yield* resolveIn({ ".ssh/config": text })
      assert.strictEqual(resolved._tag === "Left" ? resolved.left.reason : "answered", "Unsupported")
      const { value } = yield* valueIn({ ".ssh/config": `${text}ProxyJump a\n` })
      assert.strictEqual(value.hostName, "box")
    }))

  it.effect("reads ProxyJump none with a note behind it as none", () =>
    Effect.gen(function*() {
      const { value } = yield* valueIn({ ".ssh/config": "ProxyJump none # direct\nHost *\n ProxyJump a\n" })
      assert.deepStrictEqual(value.proxyJump, [])
    }))

  it.effect("gives jumps as hosts, the nearest first", () =>
    Effect.gen(function*() {
      const { value } = yield* valueIn({ ".ssh/config": "ProxyJump one,ada@two:2022,[::1]:7\n" })
      assert.deepStrictEqual(
        value.proxyJump.map(({ alias, port, user }) => ({ alias, port, user })),
        [
          { alias: "one", port: undefined, user: undefined },
          { alias: "two", port: 2022, user: "ada" },
          { alias: "::1", port: 7, user: undefined }
        ]
      )
    }))

  it.effect("matches by tag, as newer OpenSSH does", () =>
    Effect.gen(function*() {
      const { value } = yield* valueIn({
        ".ssh/config": "Tag gpu\nMatch tagged g*\n Port 5\nMatch tagged cpu\n User no\n"
      })
      assert.strictEqual(value.port, 5)
      assert.notStrictEqual(value.user, "no")
    }))

  it.effect("lists the names of the config, includes followed, patterns left out", () =>
    inWorld({
      files: {
        ".ssh/config":
          "Host a b *.c d?\nInclude more\nMatch exec \"touch HOME/ran\"\n Include other\nhost=\"e f\" !g a\n",
        ".ssh/more": "HOST h # i\nHost j\n Port what\n",
        ".ssh/other": "Host k\n Include none-*\n",
        "system/ssh_config": "Host system\n"
      }
    }, (config, home) =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        assert.deepStrictEqual(yield* config.aliases, ["a", "b", "h", "j", "k", "e f"])
        assert.isFalse(yield* fs.exists(`${home}/ran`))
      }).pipe(Effect.provide(NodeContext.layer))))

  it.effect("has no names without a file", () =>
    inWorld({ files: {} }, (config) => Effect.map(config.aliases, (names) => assert.deepStrictEqual(names, []))))

  it.effect("a host's own name, agent and key win over the config's", () =>
    inWorld(
      { files: { ".ssh/config": "Host gpu\n  HostName %h.org\n  IdentityFile ~/.ssh/b\n  IdentityAgent /run/agent" } },
      (config, home) =>
        Effect.gen(function*() {
          const own = yield* config.resolve(
            Host.make({ alias: "gpu", hostName: "fe80::1%eth0", agent: false, key: "~/.ssh/a" })
          )
          assert.deepStrictEqual(
            [own.hostName, own.identityAgent, own.identityFiles],
            ["fe80::1%eth0", "none", [`${home}/.ssh/a`, `${home}/.ssh/b`]]
          )
          const plain = yield* config.resolve(Host.make({ alias: "gpu" }))
          assert.deepStrictEqual(
            [plain.hostName, plain.identityAgent, plain.identityFiles],
            ["gpu.org", "/run/agent", [`${home}/.ssh/b`]]
          )
          const bad = yield* Effect.flip(config.resolve(Host.make({ alias: "gpu", hostName: "x;reboot" })))
          assert.strictEqual(bad.reason, "InvalidHost")
        })
    ))
})
