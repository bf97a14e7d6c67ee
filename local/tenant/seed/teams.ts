import { channels, groups, guests, staff } from './ids';

const channel = (id: string, teamId: string, displayName: string, membershipType: string, members: object[] = []) => ({
  id,
  teamId,
  displayName,
  description: null,
  createdDateTime: '2022-01-17T12:05:00Z',
  membershipType,
  members,
});

const owner = (userId: string) => ({ userId, roles: ['owner'] });
const member = (userId: string) => ({ userId, roles: [] });

const { mara, tomas } = guests;
const { projectLead, labManager } = staff;
const aurora = groups.projectAurora;
const documents = groups.documentControl;

/** Channels of the two teams. A standard channel stores no members: it has those of the team. */
export const channelList = [
  channel(channels.auroraGeneral, aurora, 'General', 'standard'),
  channel(channels.auroraCommissioning, aurora, 'Commissioning', 'private', [
    owner(projectLead),
    member(mara),
    member(tomas),
  ]),
  channel(channels.auroraBudget, aurora, 'Budget', 'private', [owner(projectLead), member(labManager)]),
  channel(channels.auroraShared, aurora, 'Joint Planning', 'shared', [owner(projectLead)]),
  channel(channels.documentsGeneral, documents, 'General', 'standard'),
  channel(channels.documentsDrawings, documents, 'Drawings', 'private', [owner(projectLead), member(mara)]),
];
