/** Functions that run on hosts: bundled with what they import. */
import { writeSync } from "node:fs"
import { setTimeout } from "node:timers/promises"
import type * as JsFunction from "../../../src/tasks/JsFunction.ts"
import { greeting, refuse } from "./greeting.ts"

export const hello = ({ name }: { readonly name: string }): string => greeting(name)

export const slowly = async (
  { steps }: { readonly steps: number },
  { report }: JsFunction.Context<{ readonly done: number }>
): Promise<string> => {
  for (let done = 1; done <= steps; done++) {
    console.log(`step ${done}`)
    report({ done })
    await setTimeout(1)
  }
  return "done"
}

export const throws = async ({ name }: { readonly name: string }): Promise<never> => {
  await setTimeout(1)
  return refuse(name)
}

export const place = () => ({
  cwd: process.cwd() === process.env["WORKING_DIR"],
  url: import.meta.url.startsWith("file://"),
  marked: process.env["MARK"] ?? "none"
})

export const same = ({ x }: { readonly x: string }): string => x

export const day = ({ at }: { readonly at: string }): Date => new Date(at)

export const numbers = () => new Float64Array([1, 2.5])

export const nothing = () => undefined

export const bad = ({ kind }: { readonly kind: string }): unknown => {
  switch (kind) {
    case "NaN":
      return { list: [1, Number.NaN] }
    case "Map":
      return new Map()
    case "circle": {
      const circle: Array<unknown> = []
      circle.push(circle)
      return circle
    }
    case "exit":
      writeSync(2, "last words\n")
      return process.exit(7)
    case "never":
      return new Promise(() => {})
    case "stray":
      void Promise.reject(new Error("stray"))
      return setTimeout(60_000)
    case "text":
      throw "a text"
    default:
      return null
  }
}

/** Never ends by itself. */
export const forever = async (_: object, { report }: JsFunction.Context<number>): Promise<never> => {
  report(process.pid)
  for (;;) await setTimeout(60_000)
}

export const notAFunction = 1

export default ({ x }: { readonly x: number }): number => x ** 2
