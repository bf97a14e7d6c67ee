import { runningClock, virtualClock } from '../../local/host';
import { parseSchedule } from '../../local/host/schedule';
import { eventually } from './support';

describe('a virtual clock', () => {
  test('stands still until it is advanced, and refuses to go back', () => {
    const clock = virtualClock('2026-01-01T00:00:00Z');
    clock.advance(1500);
    expect(new Date(clock.now()).toISOString()).toBe('2026-01-01T00:00:01.500Z');
    for (const ms of [-1, 0.5, Number.NaN]) expect(() => clock.advance(ms)).toThrow(RangeError);
  });

  test('calls alarms in time order, once, and not the cancelled ones', () => {
    const clock = virtualClock(0);
    const rung: string[] = [];
    clock.alarm(30, () => rung.push('c'));
    clock.alarm(10, () => rung.push('a'));
    clock.alarm(20, () => rung.push('b'))();
    clock.alarm(99, () => rung.push('d'));
    clock.advance(50);
    clock.advance(10);
    expect(rung).toEqual(['a', 'c']);
  });
});

test('a running clock runs on, starts from its offset and wakes alarms when it is advanced', async () => {
  const offsets: number[] = [];
  const clock = runningClock(5000, (offset) => offsets.push(offset));
  const rung: string[] = [];
  clock.alarm(clock.now() + 3_600_000, () => rung.push('far'));
  clock.alarm(clock.now() + 20, () => rung.push('near'));
  expect(clock.now() - Date.now()).toBeGreaterThanOrEqual(4999);
  await eventually(() => (rung.length === 1 ? true : undefined));
  clock.advance(3_600_000);
  expect(rung).toEqual(['near', 'far']);
  expect(offsets).toEqual([3_605_000]);
  clock.stop();
});

describe('NCRONTAB schedules', () => {
  const next = (text: string, from: string, env: NodeJS.ProcessEnv = {}): string | undefined => {
    const at = parseSchedule(text, env).nextAfter(Date.parse(from));
    return at === undefined ? undefined : new Date(at).toISOString();
  };

  test.each([
    ['0 */5 * * * *', '2026-03-01T10:02:30Z', '2026-03-01T10:05:00.000Z'],
    ['*/15 * * * * *', '2026-03-01T10:02:30Z', '2026-03-01T10:02:45.000Z'],
    ['0 30 9 * * 1-5', '2026-03-06T10:00:00Z', '2026-03-09T09:30:00.000Z'],
    ['0 0 0 1 1 *', '2026-03-01T00:00:00Z', '2027-01-01T00:00:00.000Z'],
    // Both the 13th and a Friday.
    ['0 0 0 13 * 5', '2026-04-01T00:00:00Z', '2026-11-13T00:00:00.000Z'],
  ])('%s after %s is %s', (text, from, expected) => {
    expect(next(text, from)).toBe(expected);
  });

  test('takes %NAME% from the settings', () => {
    expect(next('%WHEN%', '2026-03-01T10:02:30Z', { WHEN: '0 0 * * * *' })).toBe('2026-03-01T11:00:00.000Z');
    expect(() => parseSchedule('%WHEN%', {})).toThrow('setting "WHEN"');
    expect(() => parseSchedule('every day', {})).toThrow('not an NCRONTAB schedule');
  });
});
