import { z } from 'zod';
import type { Database } from '../store/database';
import type { Message } from './message';

const isRegex = (pattern: string): boolean => {
  try {
    new RegExp(pattern);
    return true;
  } catch {
    return false;
  }
};

/** One planned failure. README.md explains the fields. */
export const faultSchema = z.strictObject({
  /** Absent or `*` = any. */
  method: z.string().optional(),
  path: z.string().refine(isRegex, 'not a regular expression'),
  times: z.number().int().min(1).default(1),
  /** Matching requests that pass unharmed first. */
  skip: z.number().int().min(0).default(0),
  kind: z.enum(['status', 'lostAck', 'hang', 'reset']),
  status: z.number().int().min(200).max(599).optional(),
  headers: z.record(z.string(), z.string()).optional(),
  body: z.unknown().optional(),
});

export type Fault = z.infer<typeof faultSchema>;

const metaKey = 'faults';

/** The planned failures, in order; used ones disappear. Durable, so a restarted tenant goes on where it was. */
export class Faults {
  private planned: Fault[];

  constructor(private readonly database: Database) {
    this.planned = z.array(faultSchema).parse(database.readMeta(metaKey) ?? []);
  }

  list(): readonly Fault[] {
    return this.planned;
  }

  set(faults: Fault[]): void {
    this.planned = faults;
    this.database.writeMeta(metaKey, faults);
  }

  /** The fault that hits this request, if any; it is counted as used before this returns. */
  take(message: Message): Fault | undefined {
    const full = message.query === '' ? message.path : `${message.path}?${message.query}`;
    const index = this.planned.findIndex(
      ({ method, path }) =>
        (method === undefined || method === '*' || method.toUpperCase() === message.method) &&
        (new RegExp(path).test(message.path) || new RegExp(path).test(full)),
    );
    const hit = this.planned[index];
    if (hit === undefined) return undefined;
    const used = hit.skip > 0 ? { ...hit, skip: hit.skip - 1 } : { ...hit, times: hit.times - 1 };
    this.set(this.planned.flatMap((fault, place) => (place !== index ? [fault] : used.times > 0 ? [used] : [])));
    return hit.skip > 0 ? undefined : hit;
  }
}
