import { readOptions } from './options';
import { personalAddress } from './personalAddress';
import { request } from './request';
import { startStack, type Stack } from './stack';

/** `npm start`: brings the local stack up, says what to try, and stays until Ctrl-C. */
async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  console.log('Starting storage emulator, simulated tenant and app …');
  const starting = startStack(options, (text) => console.log(`! ${text}`));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => void stop(starting));
  const stack = await starting;
  try {
    console.log(await welcome(stack, options.data));
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

/** Ends the stack, also one that is still starting. */
async function stop(starting: Promise<Stack>): Promise<void> {
  console.log('\nStopping …');
  await starting.then(
    (stack) => stack.stop(),
    () => undefined,
  );
  process.exit(0);
}

async function welcome(stack: Stack, data: string): Promise<string> {
  const guest = await someWorkGuest(stack);
  return `
App               ${stack.app}/api/health
Simulated tenant  ${stack.tenant}/_tenant/state
Logs and data     ${data}

Switch a guest${guest === undefined ? '' : ` (${guest.name})`}:

  curl -s -X POST ${stack.app}/api/migrations -H 'content-type: application/json' -H 'x-functions-key: ${stack.hostKey}' -d '${JSON.stringify(
    { guest: guest?.id ?? '<object id>', inviteEmail: guest?.personal ?? 'somebody@outlook.example' },
  )}'

Follow it:

  curl -s '${stack.app}/api/migrations' -H 'x-functions-key: ${stack.hostKey}'

Once it says "awaitingRedemption", be the guest: open the invitation page from the mailbox and choose an account.

  ${stack.tenant}/_tenant/mailbox

Ctrl-C stops everything; the next start goes on where this one ended.`;
}

interface User {
  id: string;
  displayName: string;
  userType?: string;
  identities?: { issuer: string }[];
}

async function someWorkGuest(stack: Stack): Promise<{ id: string; name: string; personal: string } | undefined> {
  const { text } = await request('GET', `${stack.tenant}/_tenant/state`, { certificate: stack.certificate });
  const { users } = JSON.parse(text) as { users: User[] };
  const guest = users.find(
    (user) => user.userType === 'Guest' && user.identities?.some((identity) => identity.issuer === 'ExternalAzureAD'),
  );
  if (guest === undefined) return undefined;
  return { id: guest.id, name: guest.displayName, personal: personalAddress(guest.displayName) };
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
