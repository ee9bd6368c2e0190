/** What must hold on hosts of every kind. */
import { errorPromises } from "./errorPromises.ts"
import { groupPromises } from "./groupPromises.ts"
import type { Scenarios } from "./Hosts.ts"
import { originalTests } from "./originalTests.ts"
import { runtimePromises } from "./runtimePromises.ts"

export const scenarios: Scenarios = { ...originalTests, ...runtimePromises, ...groupPromises, ...errorPromises }
