// Runs a worker: a module of the user's that serves requests of @effect/rpc. The boot gives its words, [NAME], its input (file
// descriptor 4), and what of it was read already. The line protocol stands in src/internal/workerServer.ts.
// Stacks are shown as traces.mjs says, which stands in front.
import { createRequire } from "node:module"
import { Socket } from "node:net"
import { pathToFileURL } from "node:url"
import { gunzipSync } from "node:zlib"

/** Takes what comes until there is enough, and keeps the rest. */
const reader = (input, first) => {
  let have = first
  const more = () =>
    new Promise((resolve, reject) => {
      const settle = (go) => (value) => {
        input.pause()
        input.removeListener("data", data)
        input.removeListener("end", end)
        go(value)
      }
      const data = settle((chunk) => {
        parts.push(chunk)
        resolve()
      })
      const end = settle(() => reject(new Error("the manager has gone")))
      input.on("data", data).on("end", end).resume()
    })
  let parts = []
  const whole = () => {
    have = Buffer.concat([have, ...parts])
    parts = []
    return have
  }
  return {
    line: async () => {
      while (whole().indexOf(10) < 0) await more()
      const end = have.indexOf(10)
      const line = have.subarray(0, end).toString("utf8")
      have = have.subarray(end + 1)
      return line
    },
    bytes: async (count) => {
      let size = have.length
      while (size < count) {
        await more()
        size += parts[parts.length - 1].length
      }
      const bytes = whole().subarray(0, count)
      have = have.subarray(count)
      return bytes
    },
    rest: () => whole()
  }
}

export default async (_words, input, first) => {
  const output = new Socket({ fd: 3, readable: false, writable: true })
  // Whoever listened is gone; the end of the input says so, too.
  output.on("error", () => {})
  input.on("error", () => {})
  const { bytes, line, rest } = reader(input, first)
  output.write("{\"_tag\":\"Want\"}\n")
  const sizes = JSON.parse(await line())
  const code = gunzipSync(await bytes(sizes.code)).toString("utf8")
  const map = gunzipSync(await bytes(sizes.map)).toString("utf8")
  // What bundles of CommonJS modules look for.
  const here = `${process.cwd()}/${bundleName}`
  globalThis.lazyclusterUrl = pathToFileURL(here).href
  globalThis.require = createRequire(here)
  globalThis.__filename = here
  globalThis.__dirname = process.cwd()
  useMap(map, /node_modules|workerMain|workerServer/)
  const source = Buffer.from(`${code}\n//# sourceURL=${bundleName}`).toString("base64")
  const { lazyclusterWorker } = await import(`data:text/javascript;base64,${source}`)
  lazyclusterWorker({ input, rest: rest(), output })
}
