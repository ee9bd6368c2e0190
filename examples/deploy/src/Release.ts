/** What is deployed: data, made without touching anything. */
import { Schema } from "effect"

/** A word that is one directory, wherever it is put. */
const Name = Schema.String.pipe(Schema.pattern(/^[A-Za-z0-9][A-Za-z0-9._-]*$/))

export class Release extends Schema.Class<Release>("Release")({
  app: Name,
  version: Name,
  /** On this machine. It holds an executable `check`, which tells by its exit code whether the release works. */
  folder: Schema.String
}) {
  /** Of a host: where all that belongs to the app is. */
  get home(): string {
    return `~/apps/${this.app}`
  }
  /** Below `home`. */
  get directory(): string {
    return `releases/${this.version}`
  }
}
