import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { FALLBACK_LANGUAGE, guideTextsSchema, type GuideTexts, type Languages } from '../domain/guideTexts';

/** The mails to guests and the page that guides them, as they are in web/guide. */
export interface Guide {
  languages: Languages;
  /** The frame of the page, with words in double braces. */
  frame: string;
}

/**
 * Reads every language file (`de.json`) and the page's frame. Once, when the app starts: what is wrong with one of them
 * must show before a guest waits for a mail.
 *
 * @throws Error that names the file and its fields
 */
export function readGuide(folder: string): Guide {
  const tags = readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => path.basename(file, '.json'))
    .sort();
  const languages = new Map(tags.map((tag) => [tag, readTexts(folder, tag)]));
  if (!languages.has(FALLBACK_LANGUAGE)) throw new Error(`${folder} has no ${FALLBACK_LANGUAGE}.json`);
  return { languages, frame: readFileSync(path.join(folder, 'guide.html'), 'utf8') };
}

function readTexts(folder: string, tag: string): GuideTexts {
  const file = path.join(folder, `${tag}.json`);
  const parsed = guideTextsSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.map(String).join('.')} ${issue.message}`);
  throw new Error(`${file} is not valid:\n${problems.map((problem) => `- ${problem}`).join('\n')}`);
}
