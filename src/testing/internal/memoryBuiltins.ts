/**
 * The commands that every host in memory has.
 *
 * @since 0.1.0
 */
import type { Handler } from "../InMemoryHost.ts"
import * as memoryFileCommands from "./memoryFileCommands.ts"
import type { MemoryHost } from "./memoryHost.ts"
import * as memoryHostCommands from "./memoryHostCommands.ts"
import * as memoryTest from "./memoryTest.ts"
import * as memoryTextCommands from "./memoryTextCommands.ts"

const commands = new Map(
  [memoryFileCommands, memoryHostCommands, memoryTest, memoryTextCommands]
    .flatMap((module) => Object.entries(module.commands))
)

/** Those that shells have built in. */
const inShells: ReadonlySet<string> = new Set(["[", "echo", "false", "kill", "printf", "pwd", "test", "true"])

/** @internal */
export const isInShells = (name: string): boolean => inShells.has(name)

/** @internal */
export const find = (host: MemoryHost, name: string): Handler | undefined => {
  const command = commands.get(name)
  return command === undefined ? undefined : (self) => command(self, host)
}
