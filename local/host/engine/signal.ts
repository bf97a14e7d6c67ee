export type Outcome = 'completed' | 'failed';

/**
 * A promise without microtasks: listeners run inside `settle`. The walk over an orchestrator's actions has to happen
 * event by event, so nothing may be left for a later turn of the event loop.
 */
export class Signal {
  #outcome: Outcome | undefined;
  readonly #listeners: ((outcome: Outcome) => void)[] = [];

  static completed(): Signal {
    const signal = new Signal();
    signal.settle('completed');
    return signal;
  }

  get settled(): boolean {
    return this.#outcome !== undefined;
  }

  settle(outcome: Outcome): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    for (const listener of this.#listeners.splice(0)) listener(outcome);
  }

  /** Calls the listener when settled, at once if it already is. */
  then(listener: (outcome: Outcome) => void): void {
    if (this.#outcome === undefined) this.#listeners.push(listener);
    else listener(this.#outcome);
  }
}

/** Settles as completed when the first child settles, however it ended. */
export function whenAny(children: Signal[]): Signal {
  const any = new Signal();
  for (const child of children) child.then(() => any.settle('completed'));
  return any;
}

/** Settles when every child has settled: a failed child does not end the wait for its siblings. */
export function whenAll(children: Signal[]): Signal {
  const all = new Signal();
  let open = children.length;
  let worst: Outcome = 'completed';
  for (const child of children) {
    child.then((outcome) => {
      if (outcome === 'failed') worst = 'failed';
      open -= 1;
      if (open === 0) all.settle(worst);
    });
  }
  return all;
}
