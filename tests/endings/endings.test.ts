import { endingsBeforeThePurge } from './beforeThePurge';

describe('before the purge', endingsBeforeThePurge);
