import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { once } from "node:events"
import * as Asking from "../../src/internal/asking.ts"
import * as Askpass from "../../src/internal/opensshAskpass.ts"
import * as Errors from "../../src/internal/opensshErrors.ts"
import * as Log from "../../src/internal/opensshLog.ts"
import * as Status from "../../src/internal/opensshStatus.ts"
import * as Host from "../../src/services/Host.ts"

/** What comes out of standard error, cut in pieces of this size, and what the frame says. */
const read = (text: string, size: number) =>
  Effect.promise(() => {
    const frames: Array<Status.Frame> = []
    const stream = Status.unframe("n0nce", (frame) => frames.push(frame))
    const out: Array<Buffer> = []
    stream.on("data", (chunk: Buffer) => out.push(chunk))
    const ended = once(stream, "end")
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; at += size) stream.write(bytes.subarray(at, at + size))
    stream.end()
    return ended.then(() => ({ text: Buffer.concat(out).toString(), frames }))
  })

describe("the frame on standard error", () => {
  const mark = "\u001en0nce"
  it.effect("is taken out wherever its lines are cut, and nothing else is", () =>
    Effect.gen(function*() {
      const text = `rc\n${mark}\none \u001e two \u001en0\n\u001eother\nlast${mark} 143 TERM\nafter \u001en0nc`
      for (let size = 1; size <= text.length; size++) {
        assert.deepStrictEqual(yield* read(text, size), {
          text: `rc\none \u001e two \u001en0\n\u001eother\nlastafter \u001en0nc`,
          frames: [{ _tag: "started" }, { _tag: "ended", code: 143, signal: "TERM" }]
        })
      }
    }))
  it.effect("without a signal has a code only", () =>
    Effect.gen(function*() {
      const { frames } = yield* read(`${mark} 255 \n`, 3)
      assert.deepStrictEqual(frames, [{ _tag: "ended", code: 255, signal: undefined }])
    }))
})

describe("the log of a client", () => {
  const waiting = (tell: (event: string) => void): Log.Waiting => ({
    began: () => tell("began"),
    ended: (refused) => tell(refused ?? "open")
  })
  const requested = "debug1: Connection to port -2 forwarding to 127.0.0.1 port 80 requested.\r\n"

  it.effect("tells which connection was opened, and which refused, in any order of answers", () =>
    Effect.sync(() => {
      const log = Log.make()
      const heard: Array<string> = []
      log.expect(waiting((event) => heard.push(`first ${event}`)))
      log.expect(waiting((event) => heard.push(`second ${event}`)))
      log.hear(`${requested}debug1: channel 3: new direct-tcpip [direct-tcpip] (inactive timeout: 0)\r\n`)
      // One that the host opens is none of these.
      log.hear(`debug1: channel 4: new 127.0.0.1 [forwarded-tcpip]\r\n`)
      // As clients before 9 write it.
      log.hear(`${requested}debug1: channel 5: new [direct-tcpip]\r\ndebug2: channel 5: open con`)
      log.hear(`firm rwindow 2097152 rmax 32768\r\nchannel 3: open failed: connect failed: Connection refused\r\n`)
      assert.deepStrictEqual(heard, [
        "first began",
        "second began",
        "second open",
        "first connect failed: Connection refused"
      ])
      assert.deepStrictEqual(log.said(), [])
    }))

  it.effect("knows the host, and keeps what is no debug output", () =>
    Effect.sync(() => {
      const log = Log.make()
      log.hear("debug1: Remote protocol version 2.0, remote software version OpenSSH_9.2p1 Debian-2\r\n")
      log.hear("debug1: Connecting to gpu [10.0.0.7] port 22.\r\ndebug1: Authenticating to gpu:22 as 'ada'\r\n")
      log.hear("debug1: Server host key: ssh-ed25519 SHA256:AbC+/9\r\nada@gpu: Permission denied (publickey).\r\n")
      assert.deepStrictEqual(
        [log.software(), log.address(), log.user(), log.hostKey(), ...log.said()],
        [
          "OpenSSH_9.2p1 Debian-2",
          "10.0.0.7",
          "ada",
          "ssh-ed25519 SHA256:AbC+/9",
          "ada@gpu: Permission denied (publickey)."
        ]
      )
    }))
})

describe("the words of a host", () => {
  it.effect("are not taken for the client's own", () =>
    Effect.sync(() => {
      const log = Log.make()
      log.hear("debug1: Connecting to gpu [10.0.0.7] port 22.\r\ndebug1: Authenticating to gpu:22 as 'ada'\r\n")
      log.hear("debug1: Server host key: ssh-ed25519 SHA256:AbC+/9\r\n")
      // The banner.
      log.hear("debug1: Connecting to gpu [10.0.0.8] port 22.\ndebug1: Server host key: ssh-ed25519 SHA256:Other\n")
      log.hear("\u001b[2Jdebug1: Authenticating to gpu:22 as 'eve'\n")
      assert.deepStrictEqual(
        [log.address(), log.hostKey(), log.user(), ...log.said()],
        ["10.0.0.7", "ssh-ed25519 SHA256:AbC+/9", "ada", "debug1: Authenticating to gpu:22 as 'eve'"]
      )
    }))
})

describe("the client's questions", () => {
  const secret = Redacted.make("tiger")
  const gpu = {
    host: Host.make({ alias: "gpu", password: secret, passphrase: secret, answers: { Code: secret } }),
    user: "ada",
    hostName: "GPU.example.org",
    hostKeyAlias: undefined
  }
  const asked = (prompt: string, trusted = true) =>
    Effect.gen(function*() {
      const asking = yield* Asking.make({ ask: undefined, patience: "1 second" })
      return Option.getOrUndefined(yield* Askpass.answers(gpu, asking, () => trusted)(prompt))
    })

  it.effect("are answered for this user at this host, and for keys", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* asked("ada@gpu.example.org's password: "), "tiger")
      assert.strictEqual(yield* asked("(ada@gpu.example.org) Password: "), "tiger")
      assert.strictEqual(yield* asked("(ada@gpu.example.org) Your code: "), "tiger")
      assert.strictEqual(yield* asked("Enter passphrase for key '/home/ada/.ssh/id': "), "tiger")
    }))
  it.effect("are not answered for others, whatever a host makes of its own", () =>
    Effect.gen(function*() {
      for (
        const prompt of [
          "eve@gpu.example.org's password: ",
          "ada@jump's password: ",
          "(ada@jump) Password: ",
          "(ada@gpu.example.org) Enter passphrase for key '/home/ada/.ssh/id': ",
          "Password: ",
          ""
        ]
      ) assert.isUndefined(yield* asked(prompt), prompt)
      // A client before 8.5 puts no name before what a host asks.
      assert.isUndefined(yield* asked("Enter passphrase for key '/home/ada/.ssh/id': ", false))
    }))
  it.effect("are answered once each where nobody is asked", () =>
    Effect.gen(function*() {
      const asking = yield* Asking.make({ ask: undefined, patience: "1 second" })
      const answer = Askpass.answers(gpu, asking, () => true)
      assert.isTrue(Option.isSome(yield* answer("ada@gpu.example.org's password: ")))
      assert.isTrue(Option.isNone(yield* answer("ada@gpu.example.org's password: ")))
    }))
})

describe("what a client says when it does not get through", () => {
  const cases: ReadonlyArray<readonly [string, string]> = [
    ["ssh: Could not resolve hostname gpu: Name or service not known", "NameUnknown"],
    ["ssh: connect to host 10.0.0.7 port 22: Connection refused", "Refused"],
    ["ssh: connect to host 10.0.0.7 port 22: No route to host", "Unreachable"],
    ["ssh: connect to host 10.0.0.7 port 22: Connection timed out", "Timeout"],
    [
      "No ED25519 host key is known for gpu and you have requested strict checking.\nHost key verification failed.",
      "HostKeyUnknown"
    ],
    [
      "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\nOffending ED25519 key in /k:3\nHost key verification failed.",
      "HostKeyChanged"
    ],
    ["ada@gpu: Permission denied (publickey,gssapi-with-mic).", "Authentication"],
    ["Received disconnect from 10.0.0.7 port 22:2: Too many authentication failures", "Authentication"],
    [
      "channel 0: open failed: connect failed: Connection refused\nstdio forwarding failed\nConnection closed by UNKNOWN port 65535",
      "Refused"
    ],
    ["kex_exchange_identification: Connection closed by remote host", "Unreachable"],
    ["Unable to negotiate with 10.0.0.7 port 22: no matching host key type found. Their offer: ssh-rsa", "Protocol"],
    [
      "/home/ada/.ssh/config: line 3: Bad configuration option: nosuch\n/home/ada/.ssh/config: terminating, 1 bad configuration options",
      "Syntax"
    ],
    ["/home/ada/.ssh/config line 7: missing argument.", "Syntax"],
    ["Bad owner or permissions on /home/ada/.ssh/config", "Syntax"],
    // What a shell says of a ProxyCommand is no line of the config.
    [
      "/bin/bash: line 1: exec: nc: not found\nkex_exchange_identification: Connection closed by remote host",
      "Unreachable"
    ]
  ]
  for (const [said, reason] of cases) {
    it.effect(`${said.split("\n").at(-1)}: ${reason}`, () =>
      Effect.sync(() => {
        const error = Errors.connect({
          host: "gpu",
          where: "10.0.0.7:22",
          program: "ssh",
          code: 255,
          said: said.split("\n"),
          hostKey: undefined,
          asked: false
        })
        assert.strictEqual(error.reason, reason)
        assert.isDefined(error.hint)
      }))
  }
  it.effect("a client that is not there is a Spawn, with the package that has it", () =>
    Effect.sync(() => {
      const error = Errors.connect({
        host: "gpu",
        where: "gpu",
        program: "ssh",
        code: 127,
        said: ["lazycluster-ssh: 4: exec: ssh: not found"],
        hostKey: undefined,
        asked: false
      })
      assert.strictEqual(error.reason, "Spawn")
      assert.include(error.hint, "openssh-client")
    }))
})
