/**
 * Who reaches whom without SSH, as findings.
 *
 * @since 0.1.0
 */
import { manager } from "../services/Host.ts"
import * as DoctorFinding from "./DoctorFinding.ts"
import type * as Reachability from "./Reachability.ts"

/**
 * Of each host, from the others; whether the manager is among them does not count: it reaches hosts through SSH.
 *
 * @internal
 */
export const findings = (self: Reachability.Reachability): ReadonlyArray<DoctorFinding.DoctorFinding> => {
  const hosts = self.hosts.filter(({ host }) => host !== manager.alias)
  return hosts.length < 2 ? [] : hosts.map(({ addresses, host, problem }) => {
    const say = DoctorFinding.on(host)
    const others = hosts.map((other) => other.host).filter((other) => other !== host)
    const missing = others.filter((other) => !addresses.some(({ from }) => from.includes(other)))
    if (missing.length === 0) return say("reach", "ok", "every other host reaches it")
    const detail = problem !== undefined && addresses.length === 0
      ? problem
      : missing.length === others.length
      ? "no other host reaches it"
      : `${missing.join(", ")} ${missing.length === 1 ? "does" : "do"} not reach it`
    return say(
      "reach",
      "warning",
      `${detail}: what they exchange goes through this machine`,
      "let a firewall between them pass ports from 1024 on, where they should talk directly"
    )
  })
}
