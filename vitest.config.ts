import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

const source = (path: string) => fileURLToPath(new URL(`src/${path}`, import.meta.url))

/** Projects under examples/ know the package by its name only. */
const alias = { "lazycluster/testing": source("testing/index.ts"), lazycluster: source("index.ts") }

const ours = (name: string, include: ReadonlyArray<string>, timeout: number) => ({
  resolve: { alias },
  test: {
    name,
    include: [...include],
    testTimeout: timeout,
    hookTimeout: timeout,
    // Two cores: a second file beside one that starts Python processes only makes both slow.
    fileParallelism: false
  }
})

export default defineConfig({
  test: {
    projects: [
      ours("unit", ["test/**/*.test.ts", "examples/*/test/**/*.test.ts"], 120_000),
      ours("sandbox", ["test/**/*.sandbox.ts", "examples/*/test/**/*.sandbox.ts"], 300_000),
      ours("fleet", ["test/**/*.fleet.ts"], 600_000)
    ]
  }
})
