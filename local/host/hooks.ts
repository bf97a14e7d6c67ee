import type { HookCallback } from './coreApi';

/** The app's hooks by name (`appStart`, `appTerminate`, `preInvocation`, `postInvocation`, `log`). */
export class Hooks {
  readonly #callbacks = new Map<string, Set<HookCallback>>();

  register(name: string, callback: HookCallback): { dispose(): void } {
    const callbacks = this.#callbacks.get(name) ?? new Set();
    this.#callbacks.set(name, callbacks.add(callback));
    return { dispose: () => void callbacks.delete(callback) };
  }

  /** Runs the hooks one after the other, in the order of their registration; they may change the context. */
  async run(name: string, context: Record<string, unknown>): Promise<void> {
    for (const callback of this.#callbacks.get(name) ?? []) await callback(context);
  }

  /** Log hooks cannot be waited for: a log call returns at once. */
  runSync(name: string, context: Record<string, unknown>): void {
    for (const callback of this.#callbacks.get(name) ?? []) callback(context);
  }
}
