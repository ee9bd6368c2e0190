/**
 * The facts of a host in memory, as a guardian says them.
 *
 * @since 0.1.0
 */
import { factsOf, type MemoryHost } from "./memoryHost.ts"

const mebibyte = 1024 * 1024

/**
 * An executable is there if the facts name it or a program of that name is scripted.
 *
 * @internal
 */
export const make = (host: MemoryHost, asked: ReadonlyArray<string>): ReadonlyArray<string> => {
  const { executables, gpus, ...facts } = factsOf(host)
  const pathOf = (name: string) =>
    Object.hasOwn(executables, name)
      ? executables[name]
      : host.commands.some((commands) => Object.hasOwn(commands, name))
      ? `/usr/bin/${name}`
      : undefined
  return [
    ...Object.entries(facts).map(([key, value]) => `fact ${key} ${value}`),
    ...gpus.map((gpu) => `fact gpu ${gpu.index}, ${gpu.name}, ${gpu.memory / mebibyte}`),
    ...asked.flatMap((name) => {
      const path = pathOf(name)
      return path === undefined ? [] : [`fact executable ${name} ${path}`]
    })
  ]
}
