import { z } from 'zod';

/** What a mail to the guest is about. */
export const mailKinds = ['invitation', 'reminder', 'wrongAccount', 'turnedBack'] as const;
export type MailKind = (typeof mailKinds)[number];

/** The account that the guest has to pick: the personal one, or on the way back the one from work. */
export type WantedAccount = 'personal' | 'work';

const text = z.string().min(1).max(2000);

/** A text in which exactly these words in braces are replaced, each at least once. */
function template(...names: string[]) {
  const wanted = names.join(',');
  return text.refine(
    (value) => [...new Set(placeholdersIn(value))].sort().join(',') === wanted,
    `must have the placeholders ${wanted === '' ? 'of none' : wanted}, and no other`,
  );
}

const plain = template();
const mail = z.strictObject({ subject: template('organization').max(200), text: plain });

/** One language of web/guide: the mails to the guest and the page that guides them. */
export const guideTextsSchema = z.strictObject({
  /** The name of the language in itself, for the choice of languages. */
  name: plain,
  mail: z.strictObject({
    greeting: template('name'),
    invitation: mail,
    reminder: mail,
    wrongAccount: mail,
    turnedBack: mail,
    /** Which account to pick. */
    pick: z.strictObject({ personal: template('address'), work: template('address') }),
    open: template('guide'),
    until: template('date'),
    closing: template('organization'),
  }),
  page: z.strictObject({
    title: template('organization'),
    intro: z.strictObject({ personal: template('address'), work: template('address') }),
    stepsTitle: plain,
    steps: z.strictObject({
      window: plain,
      signIn: z.strictObject({ personal: plain, work: plain }),
      open: plain,
      pick: z.strictObject({ personal: plain, work: plain }),
      accept: plain,
    }),
    button: plain,
    until: template('date'),
    afterTitle: plain,
    after: plain,
    wrongTitle: plain,
    wrong: plain,
    teamsTitle: plain,
    teams: plain,
    overTitle: plain,
    over: plain,
    unknownTitle: plain,
    unknown: plain,
    languages: plain,
  }),
});
export type GuideTexts = z.infer<typeof guideTextsSchema>;

/** All languages by their tag, such as `de`; English is always among them. */
export type Languages = ReadonlyMap<string, GuideTexts>;

/** The language of last resort. */
export const FALLBACK_LANGUAGE = 'en';

/** The words in braces of a text. */
export function placeholdersIn(value: string): string[] {
  return [...value.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
}

/**
 * Puts values into a text, in one pass: a value that has braces in it is not looked into. Values come from a directory:
 * line breaks and characters that do not show are taken out of them, and they are cut after 300 characters.
 */
export function filled(value: string, values: Readonly<Record<string, string>>): string {
  return value.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => oneLine(values[name] ?? ''));
}

function oneLine(value: string): string {
  return value
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .slice(0, 300);
}

/**
 * The first of the wished languages that there is: as it is, or without its region and script (`de-AT` → `de`).
 *
 * @param wished language tags, the dearest first; null and undefined are no wish
 */
export function languageFor(languages: Pick<Languages, 'has'>, wished: readonly (string | null | undefined)[]): string {
  for (const wish of wished) {
    const tag = wish?.trim().toLowerCase().replaceAll('_', '-') ?? '';
    const found = [tag, tag.split('-')[0] ?? ''].find((one) => one !== '' && languages.has(one));
    if (found !== undefined) return found;
  }
  return FALLBACK_LANGUAGE;
}

/** The tags of an Accept-Language header, the dearest first; those with the weight 0 are left out. */
export function acceptedLanguages(header: string | null): string[] {
  return (header ?? '')
    .slice(0, 500)
    .split(',')
    .map((part, place) => {
      const [tag = '', ...parameters] = part.trim().split(';');
      const weight = parameters.map((one) => /^\s*q=([\d.]+)\s*$/.exec(one)?.[1]).find((one) => one !== undefined);
      return { tag, place, weight: weight === undefined ? 1 : Number(weight) };
    })
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight || a.place - b.place)
    .map(({ tag }) => tag);
}

/** A mail address of which only the first letter and the domain are told. */
export function masked(address: string): string {
  const at = address.lastIndexOf('@');
  return `${/^./u.exec(address)?.[0] ?? ''}•••${address.slice(at)}`;
}

/** A time as a date in the language; UTC, because nobody knows where the guest is. */
export function dateIn(language: string, at: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: 'long', timeZone: 'UTC' }).format(new Date(at));
}
