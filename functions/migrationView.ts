import { guideLink, isWaitedFor } from '../activities/guideLink';
import { isResumable } from '../domain/direction';
import type { Migration } from '../domain/migration';
import type { MigrationRecord } from '../domain/record';
import { takesResend } from '../domain/wishes';
import { takesAnswer } from './approvals';
import { RETRY_AFTER } from './http';
import { GUIDE_PATH, ROUTE_PREFIX } from './routes';
import type { TriggerSettings } from './services';

/** The settings that links are made of. */
export type LinkSettings = Pick<TriggerSettings, 'baseUrl' | 'notificationSecret'>;

/** Absolute addresses of a migration. */
export function linksOf(baseUrl: string, id: string): Migration['links'] {
  const self = `${baseUrl}/${ROUTE_PREFIX}/migrations/${id}`;
  return { self, result: `${self}/result`, report: `${self}/report`, cancel: `${self}/cancel` };
}

/** A stored row as callers see it: what the steps remember for each other stays inside. */
export function toMigration(record: MigrationRecord, settings: LinkSettings): Migration {
  const links = linksOf(settings.baseUrl, record.id);
  return {
    id: record.id,
    status: record.status,
    phase: record.phase,
    outcome: record.outcome,
    strategy: record.strategy,
    guest: record.guest,
    createdAt: record.createdAt,
    updatedAt: record.updatedAt,
    progress: record.progress,
    access: record.access,
    checks: record.checks,
    invitation: record.invitation,
    error: record.error,
    ...(record.resumes === null ? {} : { resumes: record.resumes }),
    ...(record.resumedBy === null ? {} : { resumedBy: record.resumedBy }),
    ...(record.approvalHours === null ? {} : { approval: record.approval }),
    links: {
      ...links,
      ...(takesAnswer(record) ? answersAt(links) : {}),
      ...(takesResend(record) ? { resend: `${links.self}/resend` } : {}),
      ...(isResumable(record) && record.resumedBy === null ? { resume: `${links.self}/resume` } : {}),
      ...(isWaitedFor(record) ? { guide: guideLinkOf(settings, record.id) } : {}),
    },
  };
}

/** The page of a migration's guest. */
export function guideLinkOf({ baseUrl, notificationSecret }: LinkSettings, id: string): string {
  return guideLink({ guideUrl: `${baseUrl}/${ROUTE_PREFIX}/${GUIDE_PATH}`, notificationSecret }, id);
}

function answersAt({ self }: Migration['links']): Partial<Migration['links']> {
  return { approve: `${self}/approve`, reject: `${self}/reject` };
}

/** True once the orchestration is over, whatever its outcome. */
export function hasEnded(record: MigrationRecord): boolean {
  return record.phase === 'ended';
}

/**
 * Headers of a 202: `Location` is what Logic Apps polls until it is 200, `Operation-Location` the monitor that always
 * answers 200.
 */
export function acceptedHeaders(baseUrl: string, id: string): Record<string, string> {
  const links = linksOf(baseUrl, id);
  return { Location: links.result, 'Operation-Location': links.self, 'Retry-After': RETRY_AFTER };
}
