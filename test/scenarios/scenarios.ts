/** What must hold on hosts of every kind. */
import type { Scenarios } from "./Hosts.ts"
import { originalTests } from "./originalTests.ts"
import { runtimePromises } from "./runtimePromises.ts"

export const scenarios: Scenarios = { ...originalTests, ...runtimePromises }
