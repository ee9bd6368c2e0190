/**
 * Tables that fit the width of what they are printed on.
 *
 * @since 0.1.0
 */
import * as textTable from "../internal/textTable.ts"

/**
 * What a table is made of. Cells are shown without control characters; numbers stand to the right.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly head?: ReadonlyArray<string> | undefined
  readonly rows: ReadonlyArray<ReadonlyArray<string | number>>
  /** No line is wider: the widest columns are shortened, with … at the end. */
  readonly columns: number
  /** By column, where it is not what the cells say. */
  readonly align?: ReadonlyArray<"left" | "right" | undefined> | undefined
  /** Sets a cell apart, when its width is known; row -1 is the head. */
  readonly paint?: ((text: string, row: number, column: number) => string) | undefined
  /** In front of each line. */
  readonly indent?: string | undefined
}

/**
 * The lines of a table, without a newline at the end.
 *
 * @since 0.1.0
 * @category printing
 */
export const render: (options: Options) => string = textTable.render
