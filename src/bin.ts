#!/usr/bin/env node
/**
 * The command `lazycluster`. What answers at once does so before Effect is loaded.
 *
 * @since 0.1.0
 */
import "./internal/leanHeap.ts"
import { packageVersion } from "./internal/packageVersion.ts"

const words = process.argv.slice(2)
const [first = ""] = words

const answer = first === "completions" || first === "__complete"
  ? import("./cli/quickAnswer.ts").then(({ quickAnswer }) => quickAnswer(words))
  : Promise.resolve(words.length === 1 && first === "--version" ? `${packageVersion}\n` : undefined)

void answer.then((text) =>
  text === undefined
    ? import("./internal/commandMain.ts").then(({ main }) => main(process.argv))
    : void process.stdout.write(text)
)
