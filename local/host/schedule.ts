import { Cron } from 'croner';

/** A timer function's schedule. */
export interface Schedule {
  /** The next time after the given one, both in milliseconds since 1970; `undefined` if there is none. */
  nextAfter(at: number): number | undefined;
}

/**
 * Reads an NCRONTAB expression: five fields, or six with seconds first, in UTC. `%NAME%` is replaced by that setting.
 * Throws when the setting is missing or the expression is not valid.
 */
export function parseSchedule(text: string, environment: NodeJS.ProcessEnv): Schedule {
  const expression = text.replace(/%([^%]+)%/g, (_, name: string) => {
    const value = environment[name];
    if (value === undefined) throw new Error(`The schedule needs the setting "${name}", which is missing.`);
    return value;
  });
  const cron = parse(expression);
  return { nextAfter: (at) => cron.nextRun(new Date(at))?.getTime() };
}

function parse(expression: string): Cron {
  try {
    // NCRONTAB wants both the day of the month and the day of the week to fit; cron's tradition is either.
    return new Cron(expression, { paused: true, timezone: 'UTC', domAndDow: true });
  } catch (error) {
    throw new Error(`"${expression}" is not an NCRONTAB schedule.`, { cause: error });
  }
}
