/** The worker of remote-worker.ts: what both sides know, and what runs on the hosts. */
import { Rpc, RpcGroup } from "@effect/rpc"
import { Schema, Stream } from "effect"

export class Primes extends RpcGroup.make(
  Rpc.make("between", { payload: { from: Schema.Number, to: Schema.Number }, success: Schema.Number, stream: true })
) {}

export { Primes as group }

const isPrime = (n: number): boolean => {
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false
  return n > 1
}

export const layer = Primes.toLayer({
  between: ({ from, to }) => Stream.range(from, to).pipe(Stream.filter(isPrime))
})
