import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OrchestrationHandler } from 'durable-functions';
import { EventType, NonDeterminismError, replayHistory, type HistoryEvent } from '../../local/host';
import { switchGuest } from '../../orchestrators/switchGuest';
import { version } from '../../package.json';
import { recordings } from '../support/recordHistories';

const HISTORIES = join(__dirname, 'histories');
const orchestrator = switchGuest as OrchestrationHandler;

function read(recordedVersion: string, point: string): HistoryEvent[] {
  return JSON.parse(readFileSync(join(HISTORIES, recordedVersion, `${point}.json`), 'utf8'));
}

function pointsOf(recordedVersion: string): string[] {
  return readdirSync(join(HISTORIES, recordedVersion)).map((file) => file.replace(/\.json$/, ''));
}

const recorded = readdirSync(HISTORIES).flatMap((each) => pointsOf(each).map((point) => ({ version: each, point })));

describe('running migrations survive a deployment (invariant 10): the present code replays', () => {
  it.each(recorded)('$version $point', async ({ version: recordedVersion, point }) => {
    const history = read(recordedVersion, point);
    const replay = await replayHistory(orchestrator, history);
    expect(replay.isDone).toBe(point.startsWith('ended'));
    expect(replay.error).toBeUndefined();
    expect(replay.episodes).toBeGreaterThan(0);
    const end = history.find((event) => event.EventType === EventType.ExecutionCompleted);
    expect(end !== undefined).toBe(point.startsWith('ended'));
    if (end?.Result !== undefined) expect(replay.output).toEqual(JSON.parse(end.Result));
  });

  it('the present version is recorded at every point', () => {
    expect(pointsOf(version).sort()).toEqual(Object.keys(recordings).sort());
  });
});

describe('a history that is not what the code asks for fails, by name:', () => {
  const history = read(version, 'endedCompleted');
  const scheduled = history.filter((event) => event.EventType === EventType.TaskScheduled);
  const names = [...new Set(scheduled.map((event) => event.Name ?? ''))];

  it.each(names)('another activity in the place of %s', async (name) => {
    const altered = history.map((event) => (event.Name === name ? { ...event, Name: `${name}Renamed` } : event));
    const replay = replayHistory(orchestrator, altered);
    await expect(replay).rejects.toThrow(NonDeterminismError);
    await expect(replay).rejects.toThrow(
      `was activity "${name}Renamed" in the history, but the code now asks for activity "${name}"`,
    );
  });

  it('a timer that the code would not make any more', async () => {
    const waiting = read(version, 'awaitingRedemptionDay0');
    const altered = waiting.map((event) =>
      event.EventType === EventType.TimerCreated
        ? { ...event, EventType: EventType.TaskScheduled, Name: 'readRedemption', Input: '{}' }
        : event,
    );
    await expect(replayHistory(orchestrator, altered)).rejects.toThrow(
      'was activity "readRedemption" in the history, but the code now asks for a timer',
    );
  });

  it('a call that the code makes and the history does not have', async () => {
    const last = scheduled.at(-1);
    const altered = history.filter((event) => event !== last && event.TaskScheduledId !== last?.EventId);
    await expect(replayHistory(orchestrator, altered)).rejects.toThrow(
      'the code now asks for activity "finishMigration"',
    );
  });
});

it('recorded histories hold neither addresses nor paths of a machine', () => {
  for (const { version: recordedVersion, point } of recorded) {
    const text = readFileSync(join(HISTORIES, recordedVersion, `${point}.json`), 'utf8');
    expect(text).not.toMatch(/@|https?:|file:|\.ts:\d|\.js:\d|\\\\|"\//);
  }
});
