/**
 * Node's byte stream in both directions: what tunnels pipe without a copy.
 *
 * @since 0.1.0
 */
export type { Duplex } from "node:stream"
