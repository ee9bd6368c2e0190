import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as packets from "../../src/testing/internal/sandboxSftpPacket.ts"

describe("packets of SFTP", () => {
  it.prop(
    "are read as they were written, and never past their end",
    [FastCheck.nat(), FastCheck.uint8Array(), FastCheck.bigInt({ min: 0n, max: 2n ** 53n - 1n }), FastCheck.nat(100)],
    ([number, data, large, cut]) => {
      const fields = [packets.u32(number), packets.bytes(Buffer.from(data)), packets.u64(large)]
      const whole = packets.packet(5, fields)
      assert.strictEqual(whole.readUInt32BE(), whole.length - 4)
      const reader = packets.reader(whole.subarray(5))
      assert.deepStrictEqual([reader.u32(), reader.bytes(), reader.u64(), reader.short()], [
        number,
        Buffer.from(data),
        Number(large),
        false
      ])
      const part = packets.reader(whole.subarray(5, whole.length - 1 - Math.min(cut, whole.length - 6)))
      part.u32()
      part.bytes()
      part.u64()
      assert.isTrue(part.short())
    }
  )

  it.prop("any bytes are attributes, or too short for them", [FastCheck.uint8Array({ maxLength: 64 })], ([data]) => {
    const reader = packets.reader(Buffer.from(data))
    const { mode = 0, times } = reader.attributes()
    assert.isAtMost(mode, 0o7777)
    if (times !== undefined) assert.isAtLeast(times.modified, 0)
    if (data.length < 4) assert.isTrue(reader.short())
  })

  it("a count of extended attributes that nothing follows ends at once", () => {
    const reader = packets.reader(Buffer.concat([packets.u32(0x80000000), packets.u32(0xffffffff)]))
    assert.deepStrictEqual(reader.attributes(), {})
    assert.isTrue(reader.short())
  })
})
