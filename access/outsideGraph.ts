import type { Grant } from '../domain/grants';
import type { AccessKind } from './kind';

/**
 * Access that Graph does not list for a guest, as reminders: the same for every guest, because nobody knows what there
 * is. They stand in the report and count neither as restored nor as a gap.
 */
export const outsideGraph: AccessKind = {
  kind: 'outsideGraph',
  title: 'Access that Graph does not list',
  calls: { capture: [], restore: [] },
  limits: 'SharePoint, Azure DevOps and Power Platform keep lists of their own; the report says what to do there.',
  capturePermissions: [],
  restorePermissions: [],
  capture: () => Promise.resolve(reminders.map((reminder) => ({ ...reminder }))),
  restore: (grants) =>
    Promise.resolve(grants.map(({ instruction }) => ({ result: 'manual', detail: instruction ?? 'See the report.' }))),
};

const reminder = (key: string, name: string, sentences: readonly string[]): Grant => ({
  kind: 'outsideGraph',
  key,
  name,
  instruction: sentences.join(' '),
  data: { advisory: true },
});

const reminders: readonly Grant[] = [
  reminder('sharePoint', 'SharePoint and OneDrive: sites and files shared with the guest directly', [
    'Shares of single sites, folders and files are not listed by person: ask the owners to share them again; access',
    'through groups and teams needs nothing.',
    'A site that knew the old account under the same mail address goes on showing "access denied" ("user ID mismatch"),',
    'whatever is shared, until the old entry is gone from its user information list. For each such site:',
    '1. As an administrator of the site open <address of the site>/_layouts/15/people.aspx?MembershipGroupId=0.',
    '2. Select the old entry of the guest, then Actions, "Delete Users from Site Collection"; or in the SharePoint',
    'Online Management Shell: Remove-SPOUser -Site <address of the site> -LoginName <sign-in name of the guest>.',
    '3. Share again, and let the guest open the new link in a private window.',
    'The Microsoft 365 admin center offers a diagnosis for it: search the help for "Site User ID Mismatch".',
  ]),
  reminder('azureDevOps', 'Azure DevOps: organizations and projects', [
    'An organization keeps the identity of the old account and does not recognise the new one, even under the same',
    'address. In each organization that the guest worked in:',
    '1. Organization settings, Users: write down access level, projects and groups of the old entry, then "Remove from',
    'organization".',
    '2. "Add users": choose the new guest from the directory, with the same access level, projects and groups.',
    '3. Permissions that were given to the person directly (repositories, pipelines, areas) are given again.',
    'Personal access tokens and SSH keys of the old account are void. It can take an hour until a change of the',
    'directory is seen there; the guest signs out and in again.',
  ]),
  reminder('powerPlatform', 'Power Platform: apps, flows and environments', [
    'Shares and roles name the old account. In the Power Platform admin center, for each environment that the guest used:',
    '1. Environments, the environment, Settings, "Users + permissions", Users: add the new guest and give the security',
    'roles of the old entry, which may then be disabled.',
    '2. Power Apps, the app, Share: add the new guest with the same permission (and the connections that it uses).',
    '3. Power Automate, the flow, Share: add the new guest as co-owner or run-only user. Flows that the guest owned run',
    'on connections of the old account: a co-owner opens them and signs the connections in again.',
    'Reports and workspaces of Power BI that were shared with the person directly are shared again.',
  ]),
];
