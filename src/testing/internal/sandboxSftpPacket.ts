/**
 * Packets of SFTP, version 3, as bytes: ssh2's own reading of them loses names that are not UTF-8 and knows no back-pressure.
 *
 * @since 0.1.0
 */

/**
 * What a client asks for or is told about a file. Absent fields ask for nothing.
 *
 * @internal
 */
export interface Attributes {
  readonly size?: number
  readonly owner?: { readonly user: number; readonly group: number }
  readonly mode?: number
  readonly times?: { readonly accessed: number; readonly modified: number }
}

/**
 * The fields of a packet, one after the other.
 *
 * @internal
 */
export interface Reader {
  readonly u32: () => number
  readonly u64: () => number
  readonly bytes: () => Buffer
  readonly attributes: () => Attributes
  /** Whether more was read than there is. */
  readonly short: () => boolean
}

/**
 * Reads a body.
 *
 * @internal
 */
export const reader = (body: Buffer): Reader => {
  let at = 0
  let short = false
  const take = (length: number): Buffer => {
    if (length > body.length - at) {
      short = true
      return Buffer.alloc(Math.min(length, 8))
    }
    at += length
    return body.subarray(at - length, at)
  }
  const u32 = () => take(4).readUInt32BE()
  const u64 = () => Number(take(8).readBigUInt64BE())
  const bytes = () => take(u32())
  return {
    u32,
    u64,
    bytes,
    attributes: () => {
      const flags = u32()
      const attributes: Attributes = {
        ...((flags & 1) === 0 ? {} : { size: u64() }),
        ...((flags & 2) === 0 ? {} : { owner: { user: u32(), group: u32() } }),
        ...((flags & 4) === 0 ? {} : { mode: u32() & 0o7777 }),
        ...((flags & 8) === 0 ? {} : { times: { accessed: u32(), modified: u32() } })
      }
      const extended = (flags & 0x80000000) === 0 ? 0 : u32()
      for (let left = 2 * extended; left > 0; left -= 1) {
        if (short) break
        bytes()
      }
      return attributes
    },
    short: () => short
  }
}

/**
 * A field.
 *
 * @internal
 */
export const u32 = (value: number): Buffer => {
  const field = Buffer.allocUnsafe(4)
  field.writeUInt32BE(value)
  return field
}

/**
 * A field.
 *
 * @internal
 */
export const u64 = (value: number | bigint): Buffer => {
  const field = Buffer.allocUnsafe(8)
  field.writeBigUInt64BE(BigInt(value))
  return field
}

/**
 * A field: its length and itself.
 *
 * @internal
 */
export const bytes = (value: Buffer | string): Buffer => {
  const data = typeof value === "string" ? Buffer.from(value) : value
  return Buffer.concat([u32(data.length), data])
}

/**
 * A packet of a type, with its length in front.
 *
 * @internal
 */
export const packet = (type: number, fields: ReadonlyArray<Buffer>): Buffer => {
  const length = fields.reduce((sum, field) => sum + field.length, 1)
  return Buffer.concat([u32(length), Buffer.from([type]), ...fields])
}
