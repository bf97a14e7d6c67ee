import { nextPhases } from '../../domain/phases';
import { walked } from '../support/ending';
import { endingsAfterThePurge } from './afterThePurge';
import { endingsAfterWrongAccounts } from './wrongAccounts';
import { endingsBeforeThePurge } from './beforeThePurge';
import { endingsWithTheGuestKept } from './kept';
import { endingsOfReset } from './reset';
import { endingsOfResumed } from './resumed';

/* Every ending of the diagram of phases, in the whole app with virtual time: what it leaves of the guest, and of all. */

describe('before the purge', endingsBeforeThePurge);
describe('after the purge', endingsAfterThePurge);
describe('after wrong accounts', endingsAfterWrongAccounts);
describe('resumed', endingsOfResumed);
describe('purge after the redemption', endingsWithTheGuestKept);
describe('strategy reset', endingsOfReset);

/** Edges of the diagram that none of these endings walks, and why. */
const notWalked: Record<string, string> = {
  'verifyingIdentity → undoing':
    'The directory would have to be silent for days, as for verifyingIdentity → ended; the undo is that of every phase.',
};

it('every edge of the diagram is walked by one of these endings, or it is said why not', () => {
  const edges = Object.entries(nextPhases).flatMap(([from, to]) =>
    Object.keys(to).map((phase) => `${from} → ${phase}`),
  );
  expect(edges.filter((edge) => !walked.has(edge))).toEqual(Object.keys(notWalked));
  expect([...walked].filter((edge) => !edges.includes(edge))).toEqual([]);
});
