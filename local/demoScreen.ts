import { stripVTControlCharacters, styleText } from 'node:util';
import type { GuestView, Migration, Report } from './demoClient';

const BAR = 30;
/** As wide as the longest kind, and a space. */
const KIND = 24;

const explanations: Record<string, string> = {
  preflight: 'checks that nothing can go wrong half way',
  capturing: 'writes down everything the guest has, and reads it back',
  deleting: 'moves the guest to the recycle bin (can be undone)',
  purging: 'deletes the guest for good: the point of no return',
  inviting: 'invites the personal address, once',
  awaitingRedemption: 'waits for the guest, for days if need be',
  verifyingIdentity: 'makes sure that it is the personal account',
  restoring: 'gives back every access',
  verifyingAccess: 'compares before and after',
  ended: 'the report is written',
};

/** Shows who the guest is before anything happens. */
export function showBefore(guest: GuestView): void {
  console.log(styleText('bold', `Before: ${guest.displayName}`));
  console.log(`  signs in with   ${issuerName(guest.issuer)}`);
  console.log(`  object id       ${guest.id}`);
  console.log(
    `  holds           ${guest.access.length} things: ${guest.groups} groups (member or owner), ` +
      `${guest.roles} directory roles, ${guest.apps} app roles, ${guest.azureRoles} Azure roles, and more\n`,
  );
}

/** Shows how far the migration is: a line a phase, with the bar moving within it where the screen can. */
export function showStep(migration: Migration, isNewPhase: boolean): void {
  if (!process.stdout.isTTY && !isNewPhase) return;
  const { done, total } = migration.progress;
  // How many steps there are is known once everything is captured; a bar from before would jump back.
  const known = migration.access.captured > 0 && total > 0;
  const filled = known ? Math.round((done / total) * BAR) : 0;
  const bar = styleText('green', '█'.repeat(filled)) + styleText('dim', '░'.repeat(BAR - filled));
  const place = !isNewPhase ? '\u001B[1A\u001B[2K' : '';
  const what = explanations[migration.phase] ?? '';
  console.log(
    `${place}${bar} ${pad(known ? `${done}/${total}` : `${done}`, 7)} ${pad(migration.phase, 19)} ${styleText('dim', what)}`,
  );
}

/** Shows before and after side by side: identity, object id, every grant with its result. */
export function showAfter(before: GuestView, after: GuestView | undefined, report: Report, migration: Migration): void {
  console.log(`\n${styleText('bold', pad('', 18) + pad('before', 40) + 'after')}`);
  row('signs in with', issuerName(before.issuer), issuerName(after?.issuer ?? ''));
  row('object id', before.id, after?.id ?? '(none)');
  row('groups', String(before.groups), String(after?.groups ?? 0));
  row('directory roles', String(before.roles), String(after?.roles ?? 0));
  row('app roles', String(before.apps), String(after?.apps ?? 0));
  row('Azure roles', String(before.azureRoles), String(after?.azureRoles ?? 0));
  row('all it holds', String(before.access.length), String(after?.access.length ?? 0));

  console.log(`\n${styleText('bold', pad('kind', KIND) + pad('grant', 52) + 'result')}`);
  for (const grant of report.grants) {
    const detail = grant.detail === '' ? '' : styleText('dim', `  ${short(grant.detail, 70)}`);
    const name = pad(short(grant.name + placeOf(grant), 50), 52);
    console.log(`${pad(grant.kind, KIND)}${name}${colour(grant.result, detail !== '')}${detail}`);
  }
  const { captured, restored, alreadyPresent, manual, failed } = migration.access;
  console.log(
    `\n${migration.outcome ?? ''}: ${captured} captured = ${restored} restored + ${alreadyPresent} already present` +
      ` + ${manual} manual + ${failed} failed; ${report.comparison?.equal ?? 0} equal in the directory`,
  );
}

function row(label: string, left: string, right: string): void {
  console.log(`${pad(label, 18)}${pad(left, 40)}${right}`);
}

function issuerName(issuer: string): string {
  if (issuer === 'ExternalAzureAD') return 'work account';
  if (issuer === 'MicrosoftAccount') return 'personal Microsoft account';
  return issuer;
}

function colour(result: string, padded: boolean): string {
  const text = padded ? pad(result, 14) : result;
  if (result === 'failed') return styleText('red', text);
  if (result === 'manual') return styleText('yellow', text);
  return styleText('green', text);
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - stripVTControlCharacters(text).length));
}

function short(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}

/** Where a grant is in force, unless that is everywhere, or the thing that the name says already. */
function placeOf({ name, scope = '/' }: Report['grants'][number]): string {
  const place = scope.split('/').filter(Boolean).slice(-2);
  return place.length === 0 || name.startsWith(place.at(-1) ?? '') ? '' : ` @ ${place.join('/')}`;
}
