/**
 * Words of a plan as text.
 *
 * @since 0.1.0
 */
import type { Word } from "./ClusterPlan.ts"

/**
 * A word as text: ports as `<process.name>`, files of the environment as `<env>/file`.
 *
 * @internal
 */
export const renderWord = (word: Word): string =>
  typeof word === "string"
    ? word
    : word.map((part) =>
      typeof part === "string" ? part : part._tag === "Port" ? `<${part.process}.${part.name}>` : `<env>/${part.file}`
    ).join("")
