/** A personal address that a guest of this name might have; `.example` addresses reach nobody. */
export function personalAddress(displayName: string): string {
  const words = displayName
    .normalize('NFD')
    .toLowerCase()
    .replaceAll(/\p{M}/gu, '')
    .match(/[a-z0-9]+/g);
  return `${words?.join('.') ?? 'guest'}@outlook.example`;
}
