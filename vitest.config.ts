import { defineConfig } from "vitest/config"

const ours = (name: string, include: ReadonlyArray<string>, timeout: number) => ({
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
      ours("unit", ["test/**/*.test.ts"], 120_000),
      ours("sandbox", ["test/**/*.sandbox.ts"], 300_000),
      ours("fleet", ["test/**/*.fleet.ts"], 600_000)
    ]
  }
})
