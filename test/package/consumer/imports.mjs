// Prints, as JSON, how each module of the package in node_modules can be imported: under its own path, and as published.
import { readdirSync } from "node:fs"

const modules = readdirSync("node_modules/lazycluster/dist", { recursive: true })
  .filter((file) => file.endsWith(".js"))
  .map((file) => file.slice(0, -3))
const names = ["lazycluster", "lazycluster/package.json", ...modules.map((module) => `lazycluster/${module}`)]
const how = {}
for (const name of names) {
  how[name] = await import(name, name.endsWith(".json") ? { with: { type: "json" } } : {})
    .then(() => "imported", (error) => error.code ?? String(error))
}
process.stdout.write(JSON.stringify(how))

