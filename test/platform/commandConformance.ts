/** What every `CommandExecutor` keeps to, as data. The reference is Node's own. */
import type { Case } from "./commandCase.ts"
import { inputs, pipes, results } from "./commandData.ts"
import { ends, much } from "./commandEnds.ts"
import { failures, places } from "./commandPlaces.ts"

export const cases: ReadonlyArray<Case> = [
  ...results,
  ...inputs,
  ...pipes,
  ...places,
  ...failures,
  ...ends,
  ...much
]
