import type { DurableFunctions } from '../../local/host';
import type { Passage } from './tenantInProcess';

/** Where a process dies: at its n-th external call, from 1; before the call takes effect, or before its answer arrives. */
export interface Death {
  at: number;
  moment: 'before' | 'after';
}

/** A call that leaves the process. */
export interface ExternalCall {
  name: string;
  writes: boolean;
}

/**
 * One process of the app, which may die at an external call. From then on nothing in it goes on: what it waits for
 * never comes, and what it calls is not called. What it had sent already still arrives.
 */
export class MortalProcess {
  readonly calls: ExternalCall[] = [];
  /** Resolves when it has died, and everything it had sent has arrived. */
  readonly died: Promise<void>;
  /** Called at the moment of death. */
  atDeath: () => void = () => undefined;
  readonly #death: Death | undefined;
  readonly #underWay = new Set<Promise<unknown>>();
  #bury: () => void = () => undefined;
  #alive = true;

  /** Without a death it lives for ever. */
  constructor(death?: Death) {
    this.#death = death;
    this.died = new Promise<void>((resolve) => (this.#bury = resolve)).then(async () => {
      while (this.#underWay.size > 0) await Promise.all(this.#underWay);
    });
  }

  /** Requests of this process to the tenant. */
  passage(isWrite: (request: { method: string; path: string }) => boolean): Passage {
    return (request, send) => this.#call({ name: `${request.method} ${request.path}`, writes: isWrite(request) }, send);
  }

  /** A port of this process: each of its methods is an external call. */
  port<T extends object>(name: string, port: T): T {
    return new Proxy(port, {
      get: (target, property) => {
        const method: unknown = Reflect.get(target, property);
        if (typeof method !== 'function') return method;
        const call = {
          name: `${name}.${String(property)}`,
          writes: !/^(read|list|due|deletionsOn)/.test(String(property)),
        };
        return (...values: unknown[]) => this.#call(call, () => Promise.resolve(Reflect.apply(method, target, values)));
      },
    });
  }

  /** The functions that run in this process. A dead one neither runs nor answers. */
  functions(functions: DurableFunctions): DurableFunctions {
    return {
      hasOrchestrator: (name) => functions.hasOrchestrator(name),
      hasActivity: (name) => functions.hasActivity(name),
      runOrchestrator: (name, trigger) => this.#whileAlive(() => functions.runOrchestrator(name, trigger)),
      runActivity: (...activity) => this.#whileAlive(() => functions.runActivity(...activity)),
    };
  }

  async #call<T>(call: ExternalCall, effect: () => Promise<T>): Promise<T> {
    if (this.#isDead()) return never();
    const moment = this.calls.push(call) === this.#death?.at ? this.#death.moment : undefined;
    if (moment === 'before') {
      this.#die();
      return never();
    }
    const answer = effect();
    const arrived = answer.then(
      () => undefined,
      () => undefined,
    );
    this.#underWay.add(arrived);
    await arrived;
    this.#underWay.delete(arrived);
    if (moment === 'after') this.#die();
    return this.#isDead() ? never() : answer;
  }

  async #whileAlive<T>(run: () => Promise<T>): Promise<T> {
    if (this.#isDead()) return never();
    const answer = run();
    await answer.catch(() => undefined);
    return this.#isDead() ? never() : answer;
  }

  #isDead(): boolean {
    return !this.#alive;
  }

  #die(): void {
    this.#alive = false;
    this.atDeath();
    this.#bury();
  }
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}
