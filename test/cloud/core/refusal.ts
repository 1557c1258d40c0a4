/** The cloud says no. Each table words it as its cloud does; the HTTP side and the plugin side each wrap it in their way. */
export class Refusal extends Error {
  constructor(
    /** The cloud's own code, e.g. `InvalidKeyPair.NotFound`. */
    readonly code: string,
    message: string,
    readonly status = 400,
  ) {
    super(message);
  }
}

/** The plugin died in the middle of a call. */
export class Panic extends Error {}
