/** What the module of functions imports. */
export const greeting = (name: string): string => `Hello ${name}!`

export class Unwelcome extends Error {
  override readonly name = "Unwelcome"
}

export const refuse = (name: string): never => {
  throw new Unwelcome(`${name} is not welcome`, { cause: new RangeError("inner") })
}
