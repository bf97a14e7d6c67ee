/** Turns of the event loop without news after which every actor waits for its next call. */
const STILL_TURNS = 5;

/** Numbers from 0 to below 1 that depend on the seed alone (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A call that waits for its turn. */
interface Held {
  actor: string;
  call: string;
  go(): void;
}

/**
 * Takes turns: while it is closed every call of every actor to the outside waits here until it is let go, so that
 * somebody else can act between any two of them.
 */
export class Turns {
  closed = false;
  private held: Held[] = [];
  private news = 0;

  /** `overtaking`: how often it is not the turn of the call that waits longest. */
  constructor(
    private readonly random: () => number,
    private readonly overtaking: number,
  ) {}

  get waiting(): readonly Held[] {
    return this.held;
  }

  hold(actor: string, call: string): Promise<void> {
    if (!this.closed) return Promise.resolve();
    this.news += 1;
    return new Promise((resolve) => this.held.push({ actor, call, go: resolve }));
  }

  /** Says that something happened by which actors may move. */
  stir(): void {
    this.news += 1;
  }

  /** Returns when every actor is at its next call, or waits for something else than the event loop. */
  async still(): Promise<void> {
    for (let turns = 0, seen = this.news; turns < STILL_TURNS; turns += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.news !== seen) [turns, seen] = [-1, this.news];
    }
  }

  /** Lets one actor make its next call: the one that waits longest, or anybody. Its reads side by side go together. */
  release(): void {
    const place = this.random() < this.overtaking ? Math.floor(this.random() * this.held.length) : 0;
    const chosen = this.held[place];
    if (chosen === undefined) return;
    const isRead = (one: Held): boolean => one.actor === chosen.actor && /\.(read|readAll|query)$/.test(one.call);
    const going = isRead(chosen) ? this.held.filter(isRead) : [chosen];
    this.held = this.held.filter((one) => !going.includes(one));
    for (const one of going) one.go();
    this.news += 1;
  }

  /** Lets everybody go, now and from now on. */
  end(): void {
    this.closed = false;
    for (const one of this.held.splice(0)) one.go();
  }
}
