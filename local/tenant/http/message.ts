/** A request as the simulated services see it, from the network or from inside a batch. */
export interface Message {
  readonly method: string;
  /** Path without query, still percent-encoded, e.g. `/v1.0/users/…`. */
  readonly path: string;
  /** Query as sent, without the question mark. */
  readonly query: string;
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed JSON or form body; undefined when none was sent. */
  readonly body: unknown;
  readonly inBatch?: boolean;
}

/** An answer before it is written to the network. `body` undefined = no content. */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** Thrown by a fault that breaks the connection: `hang` never answers, `reset` and `lostAck` close it. */
export class ConnectionBroken extends Error {
  constructor(readonly how: 'hang' | 'close') {
    super('The connection is broken on purpose.');
  }
}

export const ok = (body: unknown): Reply => ({ status: 200, body });
export const created = (body: unknown): Reply => ({ status: 201, body });
export const noContent = (): Reply => ({ status: 204 });
