#!/usr/bin/env node
/**
 * The command `lazycluster`. What answers at once does so before Effect is loaded.
 *
 * @since 0.1.0
 */
import "./internal/leanHeap.ts"
import { packageVersion } from "./internal/packageVersion.ts"

if (process.argv.slice(2).join(" ") === "--version") process.stdout.write(`${packageVersion}\n`)
else void import("./internal/commandMain.ts").then(({ main }) => main(process.argv))
