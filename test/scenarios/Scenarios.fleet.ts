import { describe, layer } from "@effect/vitest"
import * as Fleet from "../fleet/Fleet.ts"
import { onFleet, play } from "./Hosts.ts"
import { scenarios } from "./scenarios.ts"

describe.skipIf(!Fleet.available)("on the fleet", () => {
  layer(onFleet, { excludeTestServices: true })((it) => {
    for (const [title, scenario] of Object.entries(scenarios)) it.effect(title, () => play(scenario))
  })
})
