import { z } from 'zod';
import type { Azure } from '../domain/ports';
import { ServiceError } from '../domain/serviceError';

const INDEX = '/providers/Microsoft.ResourceGraph/resources?api-version=2022-10-01';
const ROWS_A_PAGE = 1000;

/**
 * Asks Azure Resource Graph: an index of everything in Azure that the app may read, minutes behind the truth. What it
 * finds is a place to look at, never a fact.
 *
 * @param query Kusto; it must project `id`, or there are no pages
 * @param row shape of a row
 * @returns the rows; undefined where the index cannot be asked: refused, or the app sees no subscription
 */
export async function searchIndex<T extends z.ZodType>(
  azure: Azure,
  query: string,
  row: T,
): Promise<z.output<T>[] | undefined> {
  const page = z.object({
    data: z.array(row),
    $skipToken: z.string().nullish(),
    resultTruncated: z.string().nullish(),
  });
  const rows: z.output<T>[] = [];
  const seen = new Set<string>();
  try {
    for (let token: string | undefined; ;) {
      const options = {
        resultFormat: 'objectArray',
        $top: ROWS_A_PAGE,
        // By default what lies above the subscriptions is left out.
        authorizationScopeFilter: 'AtScopeAboveAndBelow',
        ...(token === undefined ? {} : { $skipToken: token }),
      };
      const answer: z.output<typeof page> = await azure.query(INDEX, { query, options }, page);
      for (const found of answer.data) rows.push(found);
      token = answer.$skipToken ?? undefined;
      if (token === undefined && answer.resultTruncated !== 'true') return rows;
      if (token === undefined || seen.has(token)) throw cutOff();
      seen.add(token);
    }
  } catch (error) {
    if (error instanceof ServiceError && cannotBeAsked(error)) return undefined;
    throw error;
  }
}

/** Rows that are kept back would be access that is lost, so they are a fault to retry. */
function cutOff(): ServiceError {
  return new ServiceError({ service: 'azure', status: 502, code: 'index-cut-off' });
}

/** A 400 says only in its details that the caller sees no subscription. */
function cannotBeAsked({ status, serviceMessage }: ServiceError): boolean {
  return status === 403 || (status === 400 && serviceMessage.includes('NoValidSubscriptionsInQueryRequest'));
}

/** A text in a query. */
export function quoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, '\\$&')}'`;
}
