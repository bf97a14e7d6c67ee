import { migrationRecordSchema, type MigrationRecord } from '../../domain/record';
import { columnsOf, fitting, rowAs } from './columns';

/** Every migration is in one partition, so that the row keys, which shrink with time, list newest first. */
export const MIGRATIONS = 'migration';

/**
 * How each field is stored. `text` is stored as it is, `json` as JSON text; a null of either is stored as empty text,
 * because a merge cannot remove a column. `longJson` is cut into several columns: the comparison of a guest with many
 * grants does not fit into one.
 */
const formats = {
  status: 'text',
  phase: 'text',
  outcome: 'nullableText',
  strategy: 'text',
  guest: 'json',
  createdAt: 'text',
  updatedAt: 'text',
  progress: 'json',
  access: 'json',
  checks: 'json',
  invitation: 'json',
  error: 'json',
  request: 'json',
  startedBy: 'text',
  approvalHours: 'json',
  approval: 'json',
  cancelRequestedAt: 'nullableText',
  deleteAttemptedAt: 'nullableText',
  purgeClaimedAt: 'nullableText',
  purgeAttemptedAt: 'nullableText',
  inviteAttemptedAt: 'nullableText',
  snapshotHash: 'nullableText',
  verdict: 'nullableText',
  comparison: 'longJson',
  recommendation: 'json',
  stuckAlertedAt: 'nullableText',
  mostRounds: 'json',
  phasesEntered: 'json',
  resumes: 'nullableText',
  resumedBy: 'nullableText',
  wish: 'json',
  purgedAt: 'nullableText',
  turnedBackAt: 'nullableText',
  removedId: 'nullableText',
  invitedAgain: 'json',
  guestMail: 'json',
  addressAddedAt: 'nullableText',
  rolesRemovedAt: 'nullableText',
  resetAttemptedAt: 'nullableText',
} as const satisfies Record<keyof Omit<MigrationRecord, 'id'>, 'text' | 'nullableText' | 'json' | 'longJson'>;

type Field = keyof typeof formats;
const fields = Object.keys(formats) as Field[];

const PIECE = 30_000;
const PIECES = 12;

/**
 * The columns for some fields of a record; keys are not among them.
 *
 * @throws ServiceError `column-too-large`
 */
export function encodeMigration(change: Partial<MigrationRecord>): Record<string, string> {
  const columns: Record<string, string> = {};
  for (const field of fields) {
    const value = change[field];
    if (value === undefined) continue;
    const text = encodeField(value);
    if (formats[field] === 'longJson') Object.assign(columns, pieces(field, cuttable(text)));
    else columns[field] = fitting(field, text);
  }
  return columns;
}

function encodeField(value: unknown): string {
  if (value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Writes half characters as JSON escapes: a cut between two halves would destroy both on their way to the service. */
function cuttable(json: string): string {
  return json.replaceAll(/[\ud800-\udfff]/g, (half) => `\\u${half.charCodeAt(0).toString(16)}`);
}

/** All pieces are written each time: a shorter text must not keep the end of a longer one before it. */
function pieces(field: Field, text: string): Record<string, string> {
  const cut = Array.from({ length: PIECES }, (_, n) => {
    const end = n === PIECES - 1 ? text.length : (n + 1) * PIECE;
    return [pieceName(field, n), fitting(field, text.slice(n * PIECE, end))];
  });
  return Object.fromEntries(cut) as Record<string, string>;
}

function pieceName(field: string, n: number): string {
  return n === 0 ? field : `${field}${n + 1}`;
}

/**
 * Reads a row of the Migrations table.
 *
 * @throws ServiceError `unreadable-row`
 */
export function decodeMigration(entity: { rowKey?: string }): MigrationRecord {
  const rest = columnsOf(entity);
  const record: Record<string, unknown> = { id: entity.rowKey };
  for (const field of fields) {
    record[field] = decodeField(field, takeText(rest, field));
  }
  return rowAs(migrationRecordSchema, { ...rest, ...record });
}

/** The stored text of a field, taken out of the columns so that what stays is unknown. */
function takeText(columns: Record<string, unknown>, field: Field): string | undefined {
  const names = formats[field] === 'longJson' ? Array.from({ length: PIECES }, (_, n) => pieceName(field, n)) : [field];
  const texts = names.map((name) => columns[name]);
  for (const name of names) Reflect.deleteProperty(columns, name);
  const known = texts.filter((text) => typeof text === 'string');
  return known.length === 0 ? undefined : known.join('');
}

function decodeField(field: Field, text: string | undefined): unknown {
  const format = formats[field];
  if (format === 'text') return text;
  // Absent reads as null too: a row that an earlier version wrote may lack a column that came later.
  if (text === undefined || text === '') return null;
  return format === 'nullableText' ? text : parsed(text);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
