/**
 * The version in package.json. Written by `npm run codegen`.
 *
 * @since 0.1.0
 */

/** @internal */
export const packageVersion = "0.1.0"
