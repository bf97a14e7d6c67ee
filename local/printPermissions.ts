import { parseArgs } from 'node:util';
import { z } from 'zod';
import { leastPermissions, needsOf } from '../activities/requiredPermissions';
import { kindSchema, type GrantKind } from '../domain/grants';

/* `npm run permissions`: the least set of application permissions that the app needs, with the reason for each. */

const usage = `usage: npm run permissions -- [--skip kind,kind] [--rewrite-conditional-access] [--no-domain-policy] [--mailbox] [--names]
Kinds: ${kindSchema.options.join(', ')}`;

/** Kinds that need roles in Azure instead of permissions of Graph. */
const azureKinds: readonly GrantKind[] = ['azureRole', 'pimAzureRole', 'keyVaultPolicy'];

interface Options {
  skipped: GrantKind[];
  rewriteConditionalAccess: boolean;
  domainPolicyCheck: 'beta' | 'off';
  invitationMail: 'microsoft' | 'mailbox';
  namesOnly: boolean;
}

/** Reads the command line. Throws an Error whose message is meant for people. */
function readCommandLine(args: string[]): Options {
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    args,
    options: {
      skip: { type: 'string', default: '' },
      'rewrite-conditional-access': flag,
      'no-domain-policy': flag,
      mailbox: flag,
      names: flag,
    },
  });
  const named = values.skip.split(',').filter((kind) => kind !== '');
  const unknown = named.filter((kind) => !kindSchema.safeParse(kind).success);
  if (unknown.length > 0) throw new Error(`--skip: no kind of access is called ${unknown.join(', ')}`);
  return {
    skipped: z.array(kindSchema).parse(named),
    rewriteConditionalAccess: values['rewrite-conditional-access'],
    domainPolicyCheck: values['no-domain-policy'] ? 'off' : 'beta',
    invitationMail: values.mailbox ? 'mailbox' : 'microsoft',
    namesOnly: values.names,
  };
}

function print({ skipped, namesOnly, ...settings }: Options): void {
  const least = leastPermissions(needsOf({ skipAccess: skipped, ...settings }));
  if (namesOnly) {
    for (const { name } of least) console.log(name);
    return;
  }
  for (const { name, reasons } of least) console.log([name, ...reasons].join('\n    '));
  const azure = azureKinds.filter((kind) => !skipped.includes(kind));
  console.log(`\n${least.length} application permissions of Microsoft Graph.`);
  if (azure.length > 0) console.log(`Besides them roles in Azure, for: ${azure.join(', ')}.`);
  console.log('Besides them a directory role for the app, where guests hold directory roles themselves.');
  console.log('Which ones: infra/graph-permissions.md');
}

try {
  print(readCommandLine(process.argv.slice(2)));
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
  process.exitCode = 2;
}
