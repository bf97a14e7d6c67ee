import type { Clock } from './clock';

/**
 * Makes `new Date()`, `Date()` and `Date.now()` of this process read the host's clock, so that the app, its libraries
 * and the host agree about the time after a jump. Dates made from arguments are untouched.
 */
export function installHostDate(clock: Clock): void {
  const WorldDate = Date;
  const now = (): number => clock.now();
  globalThis.Date = new Proxy(WorldDate, {
    construct: (target, args: unknown[], newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as Date,
    apply: () => new WorldDate(now()).toString(),
    get: (target, key, receiver) => (key === 'now' ? now : (Reflect.get(target, key, receiver) as unknown)),
  });
}
