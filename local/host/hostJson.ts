import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { logLevel, type LogLevel } from './log';

/** The settings of host.json that this host honours. */
export interface HostSettings {
  /** Prefix of the HTTP functions' routes, without slashes; empty for none. */
  routePrefix: string;
  taskHub: string;
  /** Version of orchestrations that are started without one. */
  defaultVersion: string | undefined;
  /** Activities that may run at the same time. */
  activityLimit: number;
  logLevel: LogLevel;
}

interface HostJson {
  logging?: { logLevel?: { default?: string } };
  extensions?: {
    http?: { routePrefix?: string };
    durableTask?: { hubName?: string; defaultVersion?: string; maxConcurrentActivityFunctions?: number };
  };
}

const ACTIVITY_LIMIT = 10;

/** Takes what concerns this host from the content of a host.json; absent values have Azure's or the host's defaults. */
export function hostSettings(content: unknown): HostSettings {
  const { logging, extensions } = (content ?? {}) as HostJson;
  const durable = extensions?.durableTask;
  return {
    routePrefix: (extensions?.http?.routePrefix ?? 'api').replace(/^\/+|\/+$/g, ''),
    taskHub: durable?.hubName ?? 'EmbeddedHost',
    defaultVersion: durable?.defaultVersion,
    activityLimit: durable?.maxConcurrentActivityFunctions ?? ACTIVITY_LIMIT,
    logLevel: logLevel(logging?.logLevel?.default),
  };
}

/** Reads host.json of an app's folder; an app without one gets the defaults. */
export function readHostSettings(appFolder: string): HostSettings {
  const file = join(appFolder, 'host.json');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return hostSettings({});
    throw error;
  }
  try {
    return hostSettings(JSON.parse(text));
  } catch (error) {
    throw new Error('host.json is not valid JSON.', { cause: error });
  }
}
