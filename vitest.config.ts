import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

const source = (path: string) => fileURLToPath(new URL(`src/${path}`, import.meta.url))

/** Projects under examples/ know the package by its name only. */
const alias = { "lazycluster/testing": source("testing/index.ts"), lazycluster: source("index.ts") }

const ours = (name: string, include: ReadonlyArray<string>, timeout: number) => ({
  name,
  include: [...include],
  testTimeout: timeout,
  hookTimeout: timeout,
  setupFiles: ["test/deepEquality.ts", "test/freshMethods.ts"]
})

/** One core each: they wait for nothing but one another. */
const inMemory = {
  pool: "threads" as const,
  sequence: { groupOrder: 0 }
}

/** Two cores: a second file beside one that starts Python processes only makes both slow. */
const alone = { pool: "forks" as const, sequence: { groupOrder: 1 } }

export default defineConfig({
  test: {
    // Threads share modules from file to file: loading Effect anew takes longer than most files in memory take.
    poolOptions: { threads: { maxThreads: 2, minThreads: 1, isolate: false }, forks: { maxForks: 1, minForks: 1 } },
    projects: [
      {
        resolve: { alias },
        test: { ...ours("unit", ["test/**/*.test.ts", "examples/*/test/**/*.test.ts"], 120_000), ...inMemory }
      },
      {
        resolve: { alias },
        test: { ...ours("sandbox", ["test/**/*.sandbox.ts", "examples/*/test/**/*.sandbox.ts"], 300_000), ...alone }
      },
      { resolve: { alias }, test: { ...ours("fleet", ["test/**/*.fleet.ts"], 600_000), ...alone } }
    ]
  }
})
