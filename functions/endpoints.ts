import { cancelMigration } from './cancelMigration';
import { closeInviteBreaker } from './closeInviteBreaker';
import { approveMigration, rejectMigration } from './decideApproval';
import { getMigration } from './getMigration';
import { getReport } from './getReport';
import { getResult } from './getResult';
import { graphLifecycle } from './graphLifecycle';
import { graphNotifications } from './graphNotifications';
import { openInvitation, showGuide } from './guide';
import { health } from './health';
import { endpoint, type Endpoint, type Handler } from './http';
import { listMigrations } from './listMigrations';
import { notFound } from './notFound';
import { openApi } from './openApi';
import type { RouteName } from './routes';
import { resendInvitation } from './resendInvitation';
import { resumeMigration } from './resumeMigration';
import { startMigration } from './startMigration';

const handlers: Record<RouteName | 'notFound', Handler> = {
  startMigration,
  listMigrations,
  getMigration,
  getResult,
  getReport,
  approveMigration,
  rejectMigration,
  resendInvitation,
  resumeMigration,
  cancelMigration,
  closeInviteBreaker,
  graphNotifications,
  graphLifecycle,
  showGuide,
  openInvitation,
  health,
  openApi,
  notFound,
};

/** Every HTTP function by its name, wrapped so that it always answers. */
export const endpoints = Object.fromEntries(
  Object.entries(handlers).map(([name, handler]) => [name, endpoint(name, handler)]),
) as Record<keyof typeof handlers, Endpoint>;
