/**
 * Runs `work` for every item, `size` of them at a time. When some fail the others of their chunk are still finished,
 * and then the first failure is thrown.
 */
export async function inChunks<T>(items: readonly T[], size: number, work: (item: T) => Promise<void>): Promise<void> {
  for (let from = 0; from < items.length; from += size) {
    const settled = await Promise.allSettled(items.slice(from, from + size).map(work));
    const failure = settled.find((result) => result.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
  }
}
