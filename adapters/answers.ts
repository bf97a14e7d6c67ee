import { z } from 'zod';
import { ServiceError } from '../domain/serviceError';

/**
 * Checks an answer against the shape the caller expects.
 *
 * @throws ServiceError `unexpected-shape`, status 502; it names fields, never their values
 */
export function inShape<T extends z.ZodType>(service: ServiceError['service'], shape: T, answer: unknown): z.output<T> {
  const parsed = shape.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw unexpectedShape(service, fieldsOf(parsed.error));
}

/** An answer that is not what the service documents. Retried like a fault on the service's side. */
export function unexpectedShape(service: ServiceError['service'], what: string): ServiceError {
  return new ServiceError({ service, status: 502, code: 'unexpected-shape', serviceMessage: what });
}

function fieldsOf(error: z.ZodError): string {
  const fields = error.issues.map((issue) => `${issue.path.map(String).join('.') || 'body'} (${issue.code})`);
  return [...new Set(fields)].slice(0, 20).join(', ');
}

const errorBody = z.object({
  error: z.object({
    code: z.string().nullish(),
    message: z.string().nullish(),
    details: z
      .array(z.object({ code: z.string().nullish() }))
      .nullish()
      .catch(undefined),
  }),
});

/**
 * Code and message of `{"error":{"code","message"}}`, the body that Graph and Azure answer failures with. The codes of
 * its details stand behind the message: Azure Resource Graph says only there what was wrong.
 */
export function errorOf(body: unknown, status: number): { code: string; serviceMessage: string } {
  const parsed = errorBody.safeParse(body);
  const error = parsed.success ? parsed.data.error : undefined;
  const details = (error?.details ?? []).flatMap(({ code }) => code ?? []);
  return { code: error?.code ?? `http-${status}`, serviceMessage: [error?.message ?? '', ...details].join(' ').trim() };
}

/**
 * Reads a collection to its end.
 *
 * @param readPage answers the items of a page and the path of the next one
 * @throws ServiceError `unexpected-shape` when a page leads back to one that was read: it would never end
 */
export async function readPages<Item>(
  service: ServiceError['service'],
  first: string,
  readPage: (path: string) => Promise<{ items: Item[]; next: string | undefined }>,
): Promise<Item[]> {
  const all: Item[] = [];
  const seen = new Set<string>();
  for (let path: string | undefined = first; path !== undefined;) {
    if (seen.has(path)) throw unexpectedShape(service, 'the next page was read before');
    seen.add(path);
    const page: { items: Item[]; next: string | undefined } = await readPage(path);
    for (const item of page.items) all.push(item);
    path = page.next;
  }
  return all;
}
