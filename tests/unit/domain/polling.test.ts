import fc from 'fast-check';
import { isLookDue, latestLook, pollStages, type PolledGuest } from '../../../domain/polling';

const MINUTE_MS = 60_000;
const DAY = 24 * 60;
const INVITED = Date.parse('2026-03-01T08:00:20.000Z');
const invitedMinute = Math.floor(INVITED / MINUTE_MS);

const guests = fc
  .record({ id: fc.uuid(), afterMs: fc.integer({ min: 0, max: 90 * DAY * MINUTE_MS }) })
  .map(({ id, afterMs }): PolledGuest => ({ id, invitedAt: new Date(INVITED + afterMs).toISOString() }));
const longest = fc.oneof(fc.constantFrom(1, 15, 60, 120, 240, 10_080, 43_200), fc.integer({ min: 1, max: 43_200 }));
const minuteOf = ({ invitedAt }: PolledGuest) => Math.floor(Date.parse(invitedAt) / MINUTE_MS);

/** Minutes in which a watch looks that ticks in these minutes, and has watched up to `begin`. */
function looksOf(guest: PolledGuest, most: number, ticks: readonly number[], begin: number): number[] {
  let before = begin;
  return ticks.filter((minute) => {
    const due = isLookDue(guest, before, minute, most);
    before = minute;
    return due;
  });
}

const everyMinute = (from: number, count: number) => Array.from({ length: count }, (_, index) => from + index);
const stageAt = (age: number, most: number) => {
  const stage = pollStages(most).findLast(({ fromMinute }) => age >= fromMinute);
  if (stage === undefined) throw new Error('before the invitation');
  return stage.everyMinutes;
};

describe('the schedule', () => {
  it('has these intervals, in minutes', () => {
    const every = (most: number) => pollStages(most).map(({ everyMinutes }) => everyMinutes);
    expect(every(120)).toEqual([1, 5, 20, 60, 120]);
    expect(every(15)).toEqual([1, 5, 15, 15, 15]);
    expect(every(1)).toEqual([1, 1, 1, 1, 1]);
    expect(every(10_080)).toEqual([84, 420, 1680, 5040, 10_080]);
  });

  it('is never longer than asked for, never below a minute, and grows', () => {
    fc.assert(
      fc.property(longest, (most) => {
        const every = pollStages(most).map(({ everyMinutes }) => everyMinutes);
        expect(every).toEqual([...every].sort((a, b) => a - b));
        expect(every.at(0)).toBeGreaterThanOrEqual(1);
        expect(every.at(-1)).toBeLessThanOrEqual(most);
        expect(every.at(-1)).toBeGreaterThan(most / 2);
      }),
    );
  });
});

describe('looks at a guest', () => {
  it('never come twice for one minute, nor in the minute of the invitation or before', () => {
    fc.assert(
      fc.property(guests, longest, fc.array(fc.nat(50), { maxLength: 200 }), (guest, most, steps) => {
        let minute = minuteOf(guest) - 20;
        const ticks = steps.map((step) => (minute += step));
        const looks = looksOf(guest, most, ticks, minuteOf(guest) - 100);
        expect(new Set(looks).size).toBe(looks.length);
        expect(looks.every((look) => look > minuteOf(guest))).toBe(true);
      }),
    );
  });

  it('leave no gap that is longer than the schedule allows, also where two stages meet', () => {
    fc.assert(
      fc.property(guests, longest, fc.constantFrom(0, 30, 360, DAY, 7 * DAY), (guest, most, boundary) => {
        const invited = minuteOf(guest);
        const looks: number[] = [];
        let look = latestLook(guest, invited + boundary + 2 * most, most);
        while (look !== undefined && look > invited + boundary - 2 * most) {
          looks.unshift(look);
          look = latestLook(guest, look - 1, most);
        }
        const known = look === undefined ? [invited, ...looks] : looks;
        for (const [index, minute] of known.slice(1).entries()) {
          expect(minute - (known[index] ?? NaN)).toBeLessThanOrEqual(stageAt(minute - invited, most));
        }
        expect(looks.length).toBeGreaterThan(0);
      }),
    );
  });

  it('are caught up once by the first tick after missed ones, and only when one was missed', () => {
    fc.assert(
      fc.property(guests, longest, fc.nat(40 * DAY), fc.nat(3 * DAY), (guest, most, age, pause) => {
        const before = minuteOf(guest) + age;
        const minute = before + pause;
        const missed = looksOf(guest, most, everyMinute(before + 1, pause), before);
        expect(isLookDue(guest, before, minute, most)).toBe(missed.length > 0);
        expect(latestLook(guest, minute, most) ?? -1).toBe(missed.at(-1) ?? latestLook(guest, before, most) ?? -1);
      }),
      { numRuns: 40 },
    );
  });

  it('are many on the first day and few later', () => {
    const guest = { id: '5f0c7a1e-0000-4000-8000-0000000000bb', invitedAt: new Date(INVITED).toISOString() };
    const onDay = (day: number) =>
      looksOf(guest, 120, everyMinute(invitedMinute + (day - 1) * DAY + 1, DAY), invitedMinute + (day - 1) * DAY);
    expect([1, 2, 7, 8, 30].map((day) => onDay(day).length)).toEqual([149, 24, 24, 12, 12]);
  });

  it('spread over the minutes of the interval', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.uuid(), { minLength: 400, maxLength: 400 }), (ids) => {
        const invitedAt = new Date(INVITED).toISOString();
        const busiest = Math.max(
          ...everyMinute(invitedMinute + 2 * DAY, 60).map(
            (minute) => ids.filter((id) => isLookDue({ id, invitedAt }, minute - 1, minute, 120)).length,
          ),
        );
        expect(busiest).toBeLessThan(40);
      }),
      { numRuns: 5 },
    );
  });
});
