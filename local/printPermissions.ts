import { parseArgs } from 'node:util';
import { z } from 'zod';
import { leastPermissions, needsOf } from '../activities/requiredPermissions';
import { kindSchema } from '../domain/grants';

/*
 * Prints the least set of application permissions that the app needs, with the reason for each:
 *
 *     npm run permissions -- [--skip kind,kind] [--rewrite-conditional-access] [--no-domain-policy] [--names]
 */

const { values } = parseArgs({
  options: {
    skip: { type: 'string', default: '' },
    'rewrite-conditional-access': { type: 'boolean', default: false },
    'no-domain-policy': { type: 'boolean', default: false },
    names: { type: 'boolean', default: false },
  },
});

const skipped = z.array(kindSchema).safeParse(values.skip.split(',').filter((kind) => kind !== ''));
if (!skipped.success) {
  process.stderr.write(`--skip takes kinds of grant separated by commas: ${kindSchema.options.join(', ')}\n`);
  process.exitCode = 2;
} else {
  const least = leastPermissions(
    needsOf({
      skipAccess: skipped.data,
      rewriteConditionalAccess: values['rewrite-conditional-access'],
      domainPolicyCheck: values['no-domain-policy'] ? 'off' : 'beta',
    }),
  );
  for (const { name, reasons } of least) {
    process.stdout.write(
      values.names ? `${name}\n` : `${name}\n${reasons.map((reason) => `    ${reason}\n`).join('')}`,
    );
  }
}
