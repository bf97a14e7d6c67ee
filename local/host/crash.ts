import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/** Boundaries at which the host can be told to die. */
export const CRASH_POINTS = [
  'beforeActivity',
  'afterActivityEffect',
  'beforeEpisodeCommit',
  'afterEpisodeCommit',
] as const;
export type CrashPoint = (typeof CRASH_POINTS)[number];

/** What to die at: the function's name (any, if absent), how often, and how many chances to let pass first. */
export interface ArmedCrash {
  point: CrashPoint;
  name?: string;
  times: number;
  skip: number;
}

interface CrashFile {
  armed: ArmedCrash | null;
  fired: { point: CrashPoint; name: string }[];
  /** Places where a crash already happened: each dies once, so that a restarted host makes progress. */
  spent: string[];
}

/** Asked by the engine at each boundary. */
export interface CrashPlan {
  /** `place` names this very boundary (instance, generation, task) and is the same after a restart. */
  reach(point: CrashPoint, name: string, place: string): void;
}

export const neverCrash: CrashPlan = { reach: () => undefined };

/**
 * A crash plan kept in a file of the data folder, not in the database: it has to survive a crash inside an open
 * transaction, which the database forgets.
 */
export class StoredCrashPlan implements CrashPlan {
  readonly #file: string;
  readonly #die: () => void;
  #state: CrashFile;

  constructor(file: string, die: () => void = () => process.kill(process.pid, 'SIGKILL')) {
    this.#file = file;
    this.#die = die;
    this.#state = read(file);
  }

  get state(): { armed: ArmedCrash | null; fired: CrashFile['fired'] } {
    return { armed: this.#state.armed, fired: this.#state.fired };
  }

  arm(armed: ArmedCrash): void {
    this.#save({ ...this.#state, armed });
  }

  disarm(): void {
    this.#save({ ...this.#state, armed: null });
  }

  reach(point: CrashPoint, name: string, place: string): void {
    const { armed, fired, spent } = this.#state;
    if (armed?.point !== point || (armed.name !== undefined && armed.name !== name)) return;
    const key = `${point} ${place}`;
    if (spent.includes(key)) return;
    if (armed.skip > 0) {
      this.#save({ armed: { ...armed, skip: armed.skip - 1 }, fired, spent: [...spent, key] });
      return;
    }
    const times = armed.times - 1;
    this.#save({
      armed: times > 0 ? { ...armed, times } : null,
      fired: [...fired, { point, name }],
      spent: [...spent, key],
    });
    this.#die();
  }

  #save(state: CrashFile): void {
    this.#state = state;
    const next = `${this.#file}.new`;
    writeFileSync(next, JSON.stringify(state));
    renameSync(next, this.#file);
  }
}

function read(file: string): CrashFile {
  rmSync(`${file}.new`, { force: true });
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as CrashFile;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { armed: null, fired: [], spent: [] };
    throw error;
  }
}
