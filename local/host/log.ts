/** Severities in the worker's spelling, from the least to the most severe. */
export const LOG_LEVELS = ['trace', 'debug', 'information', 'warning', 'error', 'critical', 'none'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** One log line. `category` is `user` for the app's own lines, else the part of the host that speaks. */
export interface LogLine {
  level: LogLevel;
  category: string;
  message: string;
  functionName?: string;
  invocationId?: string;
}

export type Log = (line: LogLine) => void;

/** Writes each line that is severe enough as one JSON object with the host's time. */
export function jsonLog(write: (text: string) => void, least: LogLevel, now: () => number): Log {
  const threshold = LOG_LEVELS.indexOf(least);
  return (line) => {
    if (LOG_LEVELS.indexOf(line.level) < threshold) return;
    write(`${JSON.stringify({ time: new Date(now()).toISOString(), ...line })}\n`);
  };
}

/** Reads a level of host.json (`"Information"`, any case); anything else is `information`, the host's default. */
export function logLevel(text: unknown): LogLevel {
  const name = typeof text === 'string' ? text.toLowerCase() : '';
  return LOG_LEVELS.find((level) => level === name) ?? 'information';
}

export const silentLog: Log = () => undefined;
