/** What every `FileSystem` keeps to, as data. The reference is Node's own. */
import type { Case } from "./fileCase.ts"
import { above, denied, missing, standing } from "./fileFailures.ts"
import { opened, streams } from "./fileOpened.ts"
import { temporary, watches } from "./fileWatched.ts"
import { copies, whole } from "./fileWhole.ts"

export const cases: ReadonlyArray<Case> = [
  ...missing,
  ...standing,
  ...above,
  ...denied,
  ...whole,
  ...copies,
  ...opened,
  ...streams,
  ...temporary,
  ...watches
]
