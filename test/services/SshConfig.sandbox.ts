import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect } from "effect"
import { spawnSync } from "node:child_process"
import { Host } from "../../src/services/Host.ts"
import * as SshConfig from "../../src/services/SshConfig.ts"
import { both, type Case, home, isInstalled } from "./opensshConfig.ts"

const cases: Readonly<Record<string, Case>> = {
  "an empty file": { config: "" },
  "only comments and blank lines": { config: "# one\n\n   # two\n\t\n" },
  "a host with a name, a port and a user": {
    config: "Host box\n  HostName Box.Example.COM\n  Port 2222\n  User ada\n"
  },
  "the first value wins": { config: "Host box\n Port 1\nHost *\n Port 2\n User all\nHost box\n User late\n" },
  "what stands before the first Host": { config: "User early\nHost box\n User late\n" },
  "the host's own user and port win": { config: "Host *\n User config\n Port 99\n", user: "argument", port: 7 },
  "keywords in any case": { config: "HOST box\n  hOsTnAmE a\n  PORT 3\n" },
  "an equals sign": { config: "Host=box\n HostName = a\n Port=4\nUser =b\n" },
  "an equals sign in quotes": { config: "Host box\n HostName=\"a\"\n User = \"b c\"\n" },
  "windows line ends and form feeds": { config: "Host box\r\n  Port 5\r\n  User a \f\r\n" },
  "two names in a Host": { config: "Host a box\n Port 6\n" },
  "patterns": { config: "Host b?x\n Port 7\nHost *o*\n User a\nHost b?\n HostName wrong\n" },
  "a pattern that is negated": { config: "Host * !box\n Port 8\nHost !other *\n User a\n" },
  "a negated pattern alone": { config: "Host !other\n Port 8\n" },
  "a negation in front of its pattern": { config: "Host !box box\n Port 8\nHost box !b*\n User a\n" },
  "names have case in Host": { config: "Host BOX\n Port 8\nHost box\n User a\n" },
  "a quoted name": { config: "Host \"a b\" 'box'\n Port 9\n" },
  "a comment behind a value": { config: "Host box # the box\n Port 10 # ten\n User a#b\n" },
  "escapes": { config: "Host box\n User a\\\\b\n IdentityFile /a\\ b\n IdentityFile \"/c \\\"d\\\"\"\n" },
  "identity files add up, each once": {
    config:
      "IdentityFile ~/.ssh/a\nHost box\n IdentityFile /b\n IdentityFile ~/.ssh/a\nHost *\n IdentityFile \"/c d\"\n"
  },
  "no identity file": { config: "IdentityFile none\nIdentitiesOnly yes\n" },
  "tokens in paths": {
    config: "HostName real\nUser ada\nPort 11\nIdentityFile %d/.ssh/%h-%n-%p-%r-%u-%%\nCertificateFile ~/%r@%h\n" +
      "UserKnownHostsFile ~/.ssh/known-%h-%k /b/%p\n"
  },
  "tokens where the host key has an alias": { config: "HostKeyAlias Cluster\nUserKnownHostsFile /k/%k\n" },
  "the host name with itself in it": {
    config: "Host box\n HostName %h.example.com\nMatch host box.example.com\n Port 12\n"
  },
  "a token that means nothing": { config: "HostName %x\n" },
  "a percent sign at the end": { config: "IdentityAgent /a%\n" },
  "a proxy command with quotes, an equals sign and a hash": {
    config: "Host box\n ProxyCommand sh -c \"nc %h %p\" a=b # not a comment\n"
  },
  "a proxy command after an equals sign": { config: "ProxyCommand=nc -X 5 %h %p\n" },
  "a proxy command that is none": { config: "ProxyCommand none\nHost *\n ProxyCommand nc %h %p\n" },
  "one jump": { config: "ProxyJump bastion\n" },
  "three jumps": { config: "ProxyJump a@one:22,two:2022,c@[::1]:7\n" },
  "a jump by address": { config: "ProxyJump ssh://ada@10.0.0.1:2022\n" },
  "no jump": { config: "ProxyJump none\nHost *\n ProxyJump a\n" },
  "a jump before a command": { config: "ProxyJump a\nHost *\n ProxyCommand nc %h %p\n" },
  "a command before a jump": { config: "ProxyCommand nc %h %p\nHost *\n ProxyJump a\n" },
  "no jump, then a command": { config: "ProxyJump none\nProxyCommand nc %h %p\n" },
  "no command, then a jump": { config: "ProxyCommand none\nProxyJump a\n" },
  "no jump, then a jump": { config: "ProxyJump none\nProxyJump a\n" },
  "a host that a shell would act on": { config: "ProxyCommand nc %h %p\n", host: "a;b" },
  "a user that a shell would act on": { config: "", user: "a`b" },
  "a user with a backslash and a dollar": { config: "", user: "a\\b$c" },
  "a user with a blank": { config: "", user: "a b" },
  "a user that looks like an option": { config: "", user: "a -b" },
  "a jump through itself": { config: "ProxyJump box\n" },
  "a jump that is none": { config: "ProxyJump a:b:c\n" },
  "a jump with no host": { config: "ProxyJump ada@\n" },
  "known hosts files": { config: "UserKnownHostsFile ~/.ssh/a \"/b c\"\nGlobalKnownHostsFile /d /e\n" },
  "no known hosts files": { config: "UserKnownHostsFile none\nGlobalKnownHostsFile none\n" },
  "none beside another file": { config: "UserKnownHostsFile /a none\n" },
  "strict checking": { config: "StrictHostKeyChecking YES\n" },
  "checking off": { config: "StrictHostKeyChecking off\n" },
  "accept-new": { config: "StrictHostKeyChecking accept-new\nHashKnownHosts true\nCheckHostIP yes\n" },
  "times": { config: "ConnectTimeout 1m30s\nServerAliveInterval 2M\nServerAliveCountMax 0\n" },
  "no timeout": { config: "ConnectTimeout none\nServerAliveInterval 0\n" },
  "a time that is none": { config: "ConnectTimeout 1x\n" },
  "an agent": { config: "IdentityAgent ~/agents/%h.sock\n" },
  "no agent": { config: "IdentityAgent none\n" },
  "environment for the session": { config: "SetEnv A=1 B=\"2 3\" A=4\nHost *\n SetEnv C=5\n" },
  "flags": { config: "Compression yes\nAddressFamily inet6\nBindAddress 127.0.0.2\nIdentitiesOnly true\n" },
  "an address is written in its usual form": { config: "HostName 2001:DB8:0:0::1\n" },
  "an address in short": { config: "HostName 127.1\n" },
  "a bracketless IPv6 host": { config: "Host ::1\n Port 13\n", host: "::1" },
  "include in place": {
    config: "Include DIR/a.conf\nHost *\n Port 2\n",
    files: { "a.conf": "Host box\n Port 1\n User included\n" }
  },
  "include by pattern, in order": {
    config: "Include DIR/conf.d/*.conf DIR/missing\n",
    files: {
      "conf.d/b.conf": "Port 2\n",
      "conf.d/a.conf": "Port 1\n",
      "conf.d/.hidden.conf": "Port 0\n",
      "conf.d/no": "Port 9\n"
    }
  },
  "include by a class of names": {
    config: "Include DIR/[!a]?.conf\n",
    files: { "a1.conf": "Port 1\n", "b1.conf": "Port 2\n" }
  },
  "include where another host is meant": {
    config: "Host other\n Include DIR/a\nHost box\n Include DIR/b\n Port 3\n",
    files: { a: "Host *\n Port 1\n", b: "User yes\nHost other\n User no\n" }
  },
  "a Host in an included file ends there": {
    config: "Host box\n Include DIR/a\n Port 4\n",
    files: { a: "Host other\n User wrong\n" }
  },
  "include nested": {
    config: "Include DIR/a\n",
    files: { a: "Include DIR/b\n", b: "Include DIR/c\nPort 5\n", c: "User deep\n" }
  },
  "include of itself": { config: "Include DIR/config\n" },
  "include of a directory": { config: "Include DIR/d\nPort 3\n", files: { "d/x": "Port 4\n" } },
  "match all": { config: "Host other\n Port 1\nMatch all\n Port 2\n" },
  "match nothing": { config: "Match !all\n Port 2\n" },
  "match all with others": { config: "Match host box all\n Port 2\n" },
  "match by host and user": {
    config: "User ada\nMatch host b*,c user ada\n Port 3\nMatch user bob\n HostName wrong\n"
  },
  "match by the host name of the config": {
    config: "HostName Real\nMatch host real\n Port 3\nMatch originalhost box\n User orig\nMatch host box\n User wrong\n"
  },
  "match with negation": { config: "Match !host other\n Port 3\nMatch host *,!box\n User wrong\n" },
  "match with an equals sign": { config: "Match host=box user=*\n Port 3\n" },
  "match by local user": { config: "Match localuser nobody-at-all\n Port 3\nMatch localuser *\n User local\n" },
  "match by command": {
    config: "Match exec \"test %h = box -a %n = box -a %p = 22\"\n Port 3\nMatch exec false\n Port 4\n"
  },
  "match by command after what fails": {
    config: "Match host other exec \"touch DIR/ran\"\n Port 3\nMatch exec \"test ! -e DIR/ran\"\n User not\n"
  },
  "match by command that writes much": { config: "Match exec \"yes | head -c 200000\"\n Port 3\n" },
  "match not by command": { config: "Match !exec false\n Port 3\n" },
  "match final": { config: "Match final host real\n Port 3\nHost box\n HostName real\n" },
  "Host lines look at the host name at the second reading": {
    config: "Host real\n Port 3\nHost box\n HostName real\n IdentityFile /a\nMatch final\n User last\n"
  },
  "match canonical without canonicalisation": { config: "Match canonical\n Port 3\nMatch !canonical\n Port 4\n" },
  "match final all": { config: "Match final all\n Port 3\n" },
  "canonicalisation without domains": { config: "CanonicalizeHostname yes\nMatch canonical\n Port 3\n" },
  "match without a condition": { config: "Match\n Port 3\n" },
  "match by what is unknown": { config: "Match moon full\n Port 3\n" },
  "match without a value": { config: "Match host\n Port 3\n" },
  "an unknown keyword": { config: "Host other\n HostNme a\n" },
  "an unknown keyword to ignore": { config: "IgnoreUnknown Use*,HostNme\nHost box\n HostNme a\n UseMoon b\n Port 3\n" },
  "a keyword with nothing behind it": { config: "Host other\n Port\n" },
  "a comment in place of a value": { config: "Port # 22\n" },
  "two ports": { config: "Port 1 2\n" },
  "a port that is none": { config: "Host other\n Port 70000\n" },
  "a port of zero": { config: "Port 0\n" },
  "a flag that is none": { config: "IdentitiesOnly maybe\n" },
  "a quote left open": { config: "Host other\n User \"a\n" },
  "an empty name": { config: "Host \"\"\n" },
  "old names of keywords": { config: "IdentityFile2 /a\nKeepAlive yes\nProtocol 2\nUseRoaming no\n" }
}

/** What ssh really runs and opens; `-G` prints these as they are written. */
const asUsed = [
  "Host box",
  "  HostName real",
  "  User ada",
  "  Port 2022",
  "  HostKeyAlias Cluster",
  "  ProxyCommand true %h %n %p %r %k 100%% \"a  b\"",
  "  IdentityFile ~/k/%h-%n-%p-%r-%k-%u-%i-%L-%l-%C",
  "  IdentityFile ${LC_TEST}/%%h",
  "  IdentityFile %d/k"
]

describe.skipIf(!isInstalled)("SshConfig beside ssh -v", () => {
  it.effect("expands commands and paths", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const file = `${yield* fs.makeTempDirectoryScoped()}/config`
      yield* fs.writeFileString(file, asUsed.join("\n"))
      const { stderr } = spawnSync("ssh", ["-v", "-F", file, "box", "true"], {
        encoding: "utf8",
        env: { ...process.env, LC_TEST: "/somewhere" }
      })
      const config = yield* SshConfig.make({ file, home })
      const resolved = yield* config.resolve(Host.make({ alias: "box" })).pipe(
        Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["LC_TEST", "/somewhere"]])))
      )
      assert.strictEqual(resolved.proxyCommand, /Executing proxy command: exec (.*)/.exec(stderr)?.[1]?.trimEnd())
      assert.deepStrictEqual(
        resolved.identityFiles,
        [...stderr.matchAll(/identity file (\S+) type/g)].map(([, path = ""]) => path).filter((path) =>
          !path.endsWith("-cert")
        )
      )
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))
})

describe.skipIf(!isInstalled)("SshConfig beside ssh -G", () => {
  for (const [name, test] of Object.entries(cases)) {
    it.effect(name, () =>
      Effect.gen(function*() {
        const { error, openssh, ours, stderr } = yield* both(test)
        assert.deepStrictEqual(ours, openssh, error ?? stderr)
      }).pipe(Effect.provide(NodeContext.layer)))
  }
})
