import { createHash } from 'node:crypto';
import type { Report } from '../../domain/migration';
import type { Documents } from '../../domain/ports';
import { snapshotSchema } from '../../domain/snapshot';

/** Documents in memory: JSON texts by migration id, for tests to look at and to alter. */
export interface MemoryDocuments extends Documents {
  readonly snapshots: Map<string, string>;
  readonly reports: Map<string, Report>;
  /** By `{migration id}/{round}`. */
  readonly redeemUrls: Map<string, string>;
}

/** Keeps the promises of the port: a snapshot is written once, and read only by the hash of its stored bytes. */
export function createMemoryDocuments(): MemoryDocuments {
  const snapshots = new Map<string, string>();
  const reports = new Map<string, Report>();
  const redeemUrls = new Map<string, string>();
  return {
    snapshots,
    reports,
    redeemUrls,
    writeSnapshot: (snapshot) => {
      const text = snapshots.get(snapshot.migrationId) ?? JSON.stringify(snapshotSchema.parse(snapshot));
      snapshots.set(snapshot.migrationId, text);
      return Promise.resolve(sha256Of(text));
    },
    readSnapshot: (migrationId, hash) => {
      const text = snapshots.get(migrationId);
      const unharmed = text !== undefined && sha256Of(text) === hash;
      return Promise.resolve(unharmed ? snapshotSchema.parse(JSON.parse(text)) : undefined);
    },
    writeReport: (report) => {
      reports.set(report.migrationId, structuredClone(report));
      return Promise.resolve();
    },
    writeRedeemUrl: (migrationId, round, url) => {
      redeemUrls.set(`${migrationId}/${round}`, url);
      return Promise.resolve();
    },
    readRedeemUrl: (migrationId, round) => Promise.resolve(redeemUrls.get(`${migrationId}/${round}`)),
  };
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
