#!/usr/bin/env node
/**
 * The command `lazycluster`. What answers at once does so before Effect is loaded.
 *
 * @since 0.1.0
 */
import "./internal/leanHeap.ts"
import { quickAnswer } from "./cli/quickAnswer.ts"

const answer = quickAnswer(process.argv.slice(2), { stream: process.stdout, variables: process.env })

if (answer === undefined) void import("./cli/commandMain.ts").then(({ main }) => main(process.argv))
else {
  // A reader that has gone has read enough.
  process.stdout.on("error", () => {})
  process.stdout.write(answer)
}
