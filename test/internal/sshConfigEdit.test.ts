import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { insert, remove } from "../../src/internal/sshConfigEdit.ts"

const settings = [
  { keyword: "HostName", value: "10.0.0.7", quoted: false },
  { keyword: "IdentityFile", value: "/k/a b", quoted: true }
]

const entry = "Host new\n    HostName 10.0.0.7\n    IdentityFile \"/k/a b\"\n"

describe("an entry of an ssh config", () => {
  it("stands at the end, and before what might apply to it with the comments of that", () => {
    assert.strictEqual(insert("", "new", settings), entry)
    assert.strictEqual(insert("User ada\n", "new", settings), `User ada\n\n${entry}`)
    assert.strictEqual(
      insert("Host a\n\tPort 1", "new", settings),
      `Host a\n\tPort 1\n\n${entry.replaceAll("    ", "\t").trimEnd()}`
    )
    assert.strictEqual(
      insert("Include x\n\nHost a\n  Port 1\n  # of a\n# all\nHost *\n  User b\n", "new", settings),
      `Include x\n\nHost a\n  Port 1\n  # of a\n${entry.replaceAll("    ", "  ")}\n# all\nHost *\n  User b\n`
    )
    assert.strictEqual(
      insert("Host * !new\nHost n?w\n", "new", settings),
      `Host * !new\n${entry}\nHost n?w\n`
    )
    assert.strictEqual(
      insert("Match exec true\r\n", "new", settings),
      `${entry.replaceAll("\n", "\r\n")}\r\nMatch exec true\r\n`
    )
  })

  it("goes, and nothing else", () => {
    const around = "# mine\nHost a\n  Port 1\n\n# the one to go\nHost b\n  Port 2\n\n  # of b\n\n# of c\nHost c\n"
    assert.strictEqual(
      remove(around, "b"),
      "# mine\nHost a\n  Port 1\n\n# the one to go\n  # of b\n\n# of c\nHost c\n"
    )
    assert.strictEqual(remove("Host a\nHost b\n  Port 1\n", "b"), "Host a\n")
    assert.strictEqual(remove("Host b\nPort 1\nHost b\nUser a\n", "b"), "")
    assert.strictEqual(remove("Host a\n", "b"), "Host a\n")
  })

  it("gives its name only where others have it too", () => {
    for (
      const [line, left] of [
        ["Host a b c", "Host a c"],
        ["host=b  a", "host=a"],
        ["Host  b\ta b # b", "Host  a # b"],
        ["  Host a \"b\" !x\r", "  Host a !x\r"],
        ["Host a* b", "Host a*"]
      ] as const
    ) {
      assert.strictEqual(remove(`${line}\n  Port 1\n`, "b"), `${left}\n  Port 1\n`)
    }
    assert.strictEqual(remove("Host b !x\n  Port 1\n", "b"), "")
  })

  const lines = FastCheck.array(
    FastCheck.constantFrom(
      "Host *",
      "Host a b",
      "host=new?",
      "Host !new *",
      "  Host other",
      "Match all",
      "Match host n* exec \"a b\"",
      "Include ~/x/*",
      "  Include y",
      "User ada",
      "  Port 22",
      "\tIdentityFile \"/a b\"",
      "  ProxyCommand sh -c 'x \"y\"' # z",
      "# a comment",
      "  # indented",
      "",
      "   ",
      "\t",
      "# ümlaut \u0007",
      "garbage",
      "Host \"open"
    ),
    { maxLength: 12 }
  )
  const texts = FastCheck.tuple(lines, FastCheck.constantFrom("\n", "\r\n"), FastCheck.boolean()).map(
    ([lines, end, ended]) => lines.join(end) + (ended ? end : "")
  )

  it("that was added and removed again leaves the same bytes, and stands among the same bytes", () => {
    FastCheck.assert(
      FastCheck.property(texts, (text) => {
        const after = insert(text, "new", settings)
        assert.strictEqual(remove(after, "new"), text)
        const at = after.indexOf("Host new")
        assert.isTrue(text.startsWith(after.slice(0, at).replace(/\s+$/, "")))
        assert.isTrue(text.endsWith(after.slice(after.indexOf("/k/a b\"") + 7).replace(/^\s+/, "")))
      }),
      { numRuns: 2000 }
    )
  })

  it("that is not there leaves the same bytes", () => {
    FastCheck.assert(
      FastCheck.property(texts, (text) => assert.strictEqual(remove(text, "nobody"), text)),
      { numRuns: 500 }
    )
  })
})
