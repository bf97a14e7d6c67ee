import { z } from 'zod';
import type { Grant } from '../domain/grants';
import { attemptOfError, oneByOne, type AccessKind } from './kind';
import { managerOf, setManager } from './manager';

const reportShape = z.object({
  '@odata.type': z.string(),
  id: z.string(),
  displayName: z.string().nullish(),
  onPremisesSyncEnabled: z.boolean().nullish(),
});
type Report = z.infer<typeof reportShape>;

/** People who report to the guest: the purge leaves them without a manager. */
export const directReport: AccessKind = {
  kind: 'directReport',
  title: 'Direct reports',
  calls: {
    capture: ['GET /users/{user-id}/directReports'],
    restore: ['PUT /users/{user-id}/manager/$ref'],
  },
  limits: 'Reports that are synchronized from on-premises, and contacts, are left to people.',
  capturePermissions: [
    {
      anyOf: ['User.Read.All', 'User.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All'],
      why: 'read who reports to a guest',
    },
  ],
  restorePermissions: [
    {
      anyOf: ['User.ReadWrite.All', 'Directory.ReadWrite.All'],
      why: 'make the new guest the manager of those who reported to the old one',
    },
  ],
  async capture(guestId, { graph }) {
    const select = 'id,displayName,onPremisesSyncEnabled';
    const reports = await graph.readAll(`/users/${guestId}/directReports?$select=${select}&$top=999`, reportShape);
    return reports.map(grantOf);
  },
  async restore(grants, newId, { graph }) {
    const managers = await Promise.all(
      grants.map(({ key }) =>
        managerOf(key, graph).then(
          (present) => ({ present }),
          (error: unknown) => ({ error }),
        ),
      ),
    );
    const found = new Map(grants.map((grant, place) => [grant, managers[place]]));
    return oneByOne(grants, async (grant) => {
      const looked = found.get(grant);
      if (looked === undefined || 'error' in looked) return attemptOfError(looked?.error);
      return setManager(grant.key, newId, looked.present, graph);
    });
  },
};

function grantOf(report: Report): Grant {
  const instruction = instructionFor(report);
  return {
    kind: 'directReport',
    key: report.id,
    name: report.displayName ?? report.id,
    ...(instruction === undefined ? {} : { instruction }),
    data: {},
  };
}

function instructionFor(report: Report): string | undefined {
  if (report['@odata.type'] !== '#microsoft.graph.user') {
    return 'The report is not a user but a contact: set its manager in the Exchange admin center.';
  }
  if (report.onPremisesSyncEnabled !== true) return undefined;
  return 'The report is synchronized from on-premises: set the manager in the local Active Directory.';
}
