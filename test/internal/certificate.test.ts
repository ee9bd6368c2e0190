import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { createPrivateKey, X509Certificate } from "node:crypto"
import { selfSigned } from "../../src/internal/certificate.ts"

describe("a certificate", () => {
  it.live("is of its own key, signs itself and nobody else, and is valid for years", () =>
    Effect.gen(function*() {
      const { certificate, key } = yield* selfSigned("cluster.lazycluster")
      const one = new X509Certificate(certificate)
      assert.strictEqual(one.subject, "CN=cluster.lazycluster")
      assert.isTrue(one.ca)
      assert.isTrue(one.verify(one.publicKey))
      assert.isTrue(one.checkPrivateKey(createPrivateKey(Redacted.value(key))))
      assert.isAbove(Date.parse(one.validTo) - Date.parse(one.validFrom), 9 * 365 * 24 * 3600 * 1000)
      assert.isBelow(Date.parse(one.validFrom), Date.now())
      assert.notInclude(String(key), "PRIVATE")
      const other = new X509Certificate((yield* selfSigned("cluster.lazycluster")).certificate)
      assert.isFalse(one.verify(other.publicKey))
      assert.notStrictEqual(one.serialNumber, other.serialNumber)
    }))
})
