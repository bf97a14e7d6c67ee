import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** What `<data>/stack.json` says about a running stack. It is there only while the stack can be used. */
export interface StackFile {
  app: string;
  tenant: string;
  storage: { blob: string; queue: string; table: string; connectionString: string };
  hostKey: string;
  /** The tenant's certificate, as PEM text in this file. */
  certificate: string;
  pids: { start: number; storage: number; tenant: number; host: number };
}

const running = (data: string): string => path.join(data, 'stack.json');
const earlier = (data: string): string => path.join(data, 'last-stack.json');

/** The file of the last start in this data folder, whether it runs still or not. */
export function readStackFile(data: string): StackFile | undefined {
  return readRunningStack(data) ?? read(earlier(data));
}

/** The file of the stack that can be used; a killed one leaves it behind. */
export function readRunningStack(data: string): StackFile | undefined {
  return read(running(data));
}

function read(file: string): StackFile | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as StackFile) : undefined;
}

/** Writes the file whole or not at all: a reader never sees half of it. */
export function writeStackFile(data: string, file: StackFile): void {
  const draft = `${running(data)}.new`;
  writeFileSync(draft, `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, running(data));
}

/** Says that the stack cannot be used any more (or not yet), and keeps its addresses for the next start. */
export function retireStackFile(data: string): void {
  if (existsSync(running(data))) renameSync(running(data), earlier(data));
  rmSync(`${running(data)}.new`, { force: true });
}
