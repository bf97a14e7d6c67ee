const MINUTE_MS = 60_000;
const HOUR = 60;
const DAY = 24 * HOUR;

/**
 * The schedule of looks at a guest: from an age on, in minutes since the invitation, at least one look every so many
 * minutes. Most who accept at all do so soon; who has let weeks pass may be noticed hours later. The last stage has the
 * longest interval, POLL_MINUTES.
 */
const usualStages = [
  { fromMinute: 0, everyMinutes: 1 },
  { fromMinute: 30, everyMinutes: 5 },
  { fromMinute: 6 * HOUR, everyMinutes: 20 },
  { fromMinute: DAY, everyMinutes: HOUR },
  { fromMinute: 7 * DAY, everyMinutes: Infinity },
] as const;

/** The longest interval that the stages above go with. A longer one stretches all of them, a shorter one caps them. */
const USUAL_LONGEST = 120;

/** A guest who is waited for; `invitedAt`: when they were last invited or reminded, an ISO time. */
export interface PolledGuest {
  id: string;
  invitedAt: string;
}

export interface PollStage {
  fromMinute: number;
  everyMinutes: number;
}

/**
 * The stages for a longest interval. Each interval is a multiple of the one before, and none is longer than asked for:
 * so the minutes of a later stage are minutes of every earlier one, and no gap opens where two stages meet.
 *
 * @param longestMinutes POLL_MINUTES, a whole number from 1
 */
export function pollStages(longestMinutes: number): PollStage[] {
  const stretch = Math.max(1, Math.floor(longestMinutes / USUAL_LONGEST));
  let before = 1;
  return usualStages.map(({ fromMinute, everyMinutes }) => {
    before = Math.floor(Math.min(everyMinutes * stretch, longestMinutes) / before) * before;
    return { fromMinute, everyMinutes: before };
  });
}

/**
 * The latest minute, not after `minute`, in which a guest has a look; undefined before the first. Minutes count from
 * 1970. It follows from the guest and the time alone: nothing has to be stored, a restart forgets nothing, and a watch
 * that missed ticks finds the look that it owes. The id shifts the minutes, so that the looks at many guests spread.
 */
export function latestLook(guest: PolledGuest, minute: number, longestMinutes: number): number | undefined {
  const invited = Math.floor(Date.parse(guest.invitedAt) / MINUTE_MS);
  const shift = shiftOf(guest.id);
  let end = Infinity;
  for (const { fromMinute, everyMinutes } of pollStages(longestMinutes).reverse()) {
    // Not in the minute of the invitation itself.
    const start = invited + Math.max(fromMinute, 1);
    const last = Math.min(minute, end - 1);
    const look = last - remainder(last - shift, everyMinutes);
    if (look >= start) return look;
    end = start;
  }
  return undefined;
}

/** True when a look at the guest is due that the tick of minute `before` had no reason to take. */
export function isLookDue(guest: PolledGuest, before: number, minute: number, longestMinutes: number): boolean {
  const look = latestLook(guest, minute, longestMinutes);
  return look !== undefined && look > before;
}

/** A number that differs between guests, from all the 32-bit words of the id. */
function shiftOf(id: string): number {
  const words = id.replaceAll('-', '').match(/.{8}/g) ?? [];
  return words.reduce((mixed, word) => (mixed ^ Number.parseInt(word, 16)) >>> 0, 0);
}

/** Never negative, unlike `%`. */
function remainder(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}
