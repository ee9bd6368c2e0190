/**
 * Sizes of files for people: powers of 1000, as disks and networks count. Memory is counted in powers of 1024.
 *
 * @since 0.1.0
 */

/**
 * A number of bytes as text: `12 bytes`, `62 MB`, `2.5 GB`.
 *
 * @since 0.1.0
 * @category combinators
 */
export const render = (bytes: number): string =>
  bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : bytes >= 1e6 ? `${Math.round(bytes / 1e6)} MB` : `${bytes} bytes`
