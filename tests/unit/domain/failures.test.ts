import { failures, httpCodes, migrationCodes, migrationErrorSchema } from '../../../domain/failures';

const all = Object.entries(failures);

it('codes are lower-case words with hyphens', () => {
  for (const [code] of all) expect(code).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
});

it('every code is either an answer of the API or an end of a migration', () => {
  expect([...httpCodes, ...migrationCodes].sort()).toEqual(all.map(([code]) => code).sort());
});

it('an answer of the API has an error status, an end of a migration has advice; all have a title of their own', () => {
  for (const [, failure] of all) {
    expect(failure.title).not.toBe('');
    if (failure.in === 'http') {
      expect(failure.status).toBeGreaterThanOrEqual(400);
      expect(failure.status).toBeLessThan(600);
    } else {
      expect(failure.advice).toMatch(/\.$/);
    }
  }
  expect(new Set(all.map(([, failure]) => failure.title)).size).toBe(all.length);
});

it('a migration ends with codes of migrations only', () => {
  for (const code of migrationCodes) expect(migrationErrorSchema.safeParse({ code, detail: '' }).success).toBe(true);
  for (const code of [...httpCodes, 'made-up', '', 'toString']) {
    expect(migrationErrorSchema.safeParse({ code, detail: '' }).success).toBe(false);
  }
});
