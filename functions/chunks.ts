/** Runs `work` for every item, `size` of them at a time. All are tried; then the first failure is thrown. */
export async function inChunks<T>(items: readonly T[], size: number, work: (item: T) => Promise<void>): Promise<void> {
  const failures: PromiseRejectedResult[] = [];
  for (let from = 0; from < items.length; from += size) {
    const settled = await Promise.allSettled(items.slice(from, from + size).map(work));
    failures.push(...settled.filter((result) => result.status === 'rejected'));
  }
  const [first] = failures;
  if (first !== undefined) throw first.reason;
}
