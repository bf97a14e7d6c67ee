import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/**
 * Takes the data folder for this process. The operating system holds the lock, so a killed process leaves none behind.
 *
 * @returns what gives it back, or undefined when another process has it
 */
export function takeFolder(data: string): (() => void) | undefined {
  const lock = new DatabaseSync(path.join(data, 'lock'));
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch {
    lock.close();
    return undefined;
  }
  return () => {
    if (lock.isOpen) lock.close();
  };
}
