/**
 * Sizes of memory for people.
 *
 * @since 0.1.0
 */

/** @internal */
export const render = (bytes: number): string =>
  bytes >= 1024 ** 3 ? `${(bytes / 1024 ** 3).toFixed(1)} GiB` : `${Math.round(bytes / 1024 ** 2)} MiB`
