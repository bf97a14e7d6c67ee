import { z } from 'zod';
import { migrationId } from '../domain/ids';
import { statusSchema } from '../domain/phases';
import { json, readQuery, type Handler } from './http';
import { toMigration } from './migrationView';

/** Query of GET /migrations. `continuation` is the id that ended the page before. */
export const listQuerySchema = z.strictObject({
  status: statusSchema.optional(),
  top: z
    .string()
    .regex(/^[1-9]\d{0,2}$/, 'must be a number from 1 to 200')
    .transform(Number)
    .refine((top) => top <= 200, 'must be a number from 1 to 200')
    .default(50),
  continuation: migrationId.optional(),
});

/** GET /migrations: newest first, in pages. */
export const listMigrations: Handler = async (request, { records, settings }) => {
  const { status, top, continuation } = readQuery(request, listQuerySchema);
  const page = await records.listMigrations({
    top,
    ...(status === undefined ? {} : { status }),
    ...(continuation === undefined ? {} : { after: continuation }),
  });
  return json(200, {
    value: page.records.map((record) => toMigration(record, settings)),
    continuation: page.more ? (page.records.at(-1)?.id ?? null) : null,
  });
};
