/**
 * A certificate that was made for one thing alone. Node makes keys, and signs, but makes no certificates.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { generateKeyPair, randomBytes } from "node:crypto"

/** @internal */
export interface Certificate {
  /** PEM. */
  readonly certificate: string
  /** PEM, PKCS #1. */
  readonly key: Redacted.Redacted
}

const day = 24 * 60 * 60 * 1000

/** Clocks of hosts may differ by so much. */
const before = day
const after = 3650 * day

const keyPair = Effect.async<{ readonly publicKey: string; readonly privateKey: string }>((resume) =>
  generateKeyPair(
    "rsa",
    {
      modulusLength: 2048,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs1", format: "pem" }
    },
    (error, publicKey, privateKey) =>
      resume(error === null ? Effect.succeed({ publicKey, privateKey }) : Effect.die(error))
  )
)

/**
 * A certificate that signs itself: whoever trusts it trusts those who have its key, and nobody else. It says who it is for,
 * and no address.
 *
 * @internal
 */
export const selfSigned = Effect.fn("Certificate.selfSigned")(function*(name: string): Effect.fn.Return<Certificate> {
  // Only those who want a certificate wait for it.
  const { default: forge } = yield* Effect.promise(() => import("node-forge"))
  const { privateKey, publicKey } = yield* keyPair
  const now = yield* Clock.currentTimeMillis
  const certificate = yield* Effect.sync(() => {
    const made = forge.pki.createCertificate()
    const subject = [{ name: "commonName", value: name }]
    made.publicKey = forge.pki.publicKeyFromPem(publicKey)
    // Positive, whatever its first byte.
    made.serialNumber = `01${randomBytes(16).toString("hex")}`
    made.validity.notBefore = new Date(now - before)
    made.validity.notAfter = new Date(now + after)
    made.setSubject(subject)
    made.setIssuer(subject)
    made.setExtensions([
      { name: "basicConstraints", cA: true, critical: true },
      { name: "subjectAltName", altNames: [{ type: 2, value: name }] },
      { name: "subjectKeyIdentifier" }
    ])
    made.sign(forge.pki.privateKeyFromPem(privateKey), forge.md.sha256.create())
    return forge.pki.certificateToPem(made).replaceAll("\r", "")
  })
  return { certificate, key: Redacted.make(privateKey) }
})
