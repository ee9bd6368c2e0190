/**
 * Names in known_hosts that are not to be read: `|1|salt|hash`.
 *
 * @since 0.1.0
 */
import { createHmac, randomBytes } from "node:crypto"

const magic = "|1|"
const length = 20

const hashWith = (salt: Buffer, name: string): string =>
  `${magic}${salt.toString("base64")}|${createHmac("sha1", salt).update(name).digest("base64")}`

/**
 * A name, hashed with a new salt.
 *
 * @internal
 */
export const hash = (name: string): string => hashWith(randomBytes(length), name)

/**
 * Whether a hashed field stands for a name.
 *
 * @internal
 */
export const isHashOf = (field: string, name: string): boolean => {
  const salt = Buffer.from(field.slice(magic.length).split("|")[0] ?? "", "base64")
  return field.startsWith(magic) && salt.length === length && hashWith(salt, name) === field
}

/**
 * The type that a public key names itself by; `undefined` for what is no key.
 *
 * @internal
 */
export const typeWithin = (key: string): string | undefined => {
  const bytes = Buffer.from(key, "base64")
  if (bytes.length < 4 || !/^[A-Za-z0-9+/]+=*$/.test(key)) return undefined
  const end = 4 + bytes.readUInt32BE(0)
  return end > bytes.length ? undefined : bytes.toString("latin1", 4, end)
}
