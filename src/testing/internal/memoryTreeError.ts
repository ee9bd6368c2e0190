/**
 * What a program says of a file that it cannot use.
 *
 * @since 0.1.0
 */

/**
 * The reason alone: a program names the path as it was told.
 *
 * @internal
 */
export const why = ({ detail }: { readonly detail: string }): string =>
  detail.slice(detail.lastIndexOf(": ") + 1).trim()
