import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { bodyOf } from '../../../activities/tellGuest';
import { readGuide } from '../../../adapters/guideTexts';
import {
  acceptedLanguages,
  filled,
  guideTextsSchema,
  languageFor,
  mailKinds,
  masked,
  placeholdersIn,
} from '../../../domain/guideTexts';
import { GUIDE_FOLDER } from '../../support/activityWorld';

const { languages } = readGuide(GUIDE_FOLDER);
const values = {
  name: 'Ada Lovelace',
  organization: 'Contoso',
  address: 'ada@outlook.example',
  guide: 'https://switch.example/api/guide/m/t',
  date: '31 March 2026',
};

it('there are the languages that are promised', () => {
  expect([...languages.keys()]).toEqual(['de', 'en', 'es', 'fr', 'it', 'ja', 'nl', 'pt']);
});

describe.each([...languages])('%s', (tag, texts) => {
  it('is a language that dates can be written in', () => {
    expect(Intl.DateTimeFormat.supportedLocalesOf(tag)).toEqual([tag]);
  });

  it.each(mailKinds)('the mail %s says who writes, which account to pick, where and until when', (kind) => {
    expect(filled(texts.mail[kind].subject, values)).toContain('Contoso');
    for (const account of ['personal', 'work'] as const) {
      const body = bodyOf(texts, kind, account, values);
      expect(placeholdersIn(body)).toEqual([]);
      for (const value of Object.values(values)) expect(body).toContain(value);
    }
  });

  it('tells the two accounts, and what mails are about, apart', () => {
    expect(texts.mail.pick.personal).not.toBe(texts.mail.pick.work);
    expect(new Set(mailKinds.map((kind) => texts.mail[kind].text)).size).toBe(mailKinds.length);
  });

  it('has no text left in English', () => {
    const english = new Set(textsIn(languages.get('en')));
    const same = tag === 'en' ? [] : textsIn(texts).filter((text) => english.has(text));
    expect(same).toEqual([]);
  });
});

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

describe('a language file that is not right keeps the app from starting, and is named', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'guide-'));
    for (const file of readdirSync(GUIDE_FOLDER)) {
      writeFileSync(path.join(folder, file), readFileSync(path.join(GUIDE_FOLDER, file)));
    }
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const spoil = (tag: string, edit: (text: string) => string) => {
    const file = path.join(folder, `${tag}.json`);
    writeFileSync(file, edit(readFileSync(file, 'utf8')));
  };

  it.each([
    ['a placeholder that is missing', (text: string) => text.replace('{guide}', ''), /de\.json.*mail\.open/s],
    ['a placeholder that nobody fills', (text: string) => text.replace('{guide}', '{guide} {link}'), /mail\.open/],
    ['a field that is missing', (text: string) => text.replace('"button"', '"buton"'), /page/],
    ['a field without text', (text: string) => text.replace(/"button": "[^"]*"/, '"button": ""'), /page\.button/],
  ])('%s', (_what, edit, named) => {
    spoil('de', edit);
    expect(() => readGuide(folder)).toThrow(named);
  });

  it('a folder without English', () => {
    rmSync(path.join(folder, 'en.json'));
    expect(() => readGuide(folder)).toThrow('en.json');
  });
});

it('a value is put in as it is, once, on one line and not without end', () => {
  expect(filled('{a} {b}', { a: '{b}', b: 'x' })).toBe('{b} x');
  expect(filled('{a}', { a: 'one\r\ntwo\u2028three\u202e' })).toBe('one two three');
  expect(filled('{a}', { a: 'x'.repeat(1000) })).toHaveLength(300);
});

it.each([
  [['de'], 'de'],
  [['de-AT'], 'de'],
  [['PT_br'], 'pt'],
  [['zh-Hans-CN', 'fr'], 'fr'],
  [[null, undefined, ''], 'en'],
  [['../../etc', '-'], 'en'],
  [['sv'], 'en'],
])('of the wishes %j the language is %s', (wished, language) => {
  expect(languageFor(languages, wished)).toBe(language);
});

it('reads what a browser accepts, the dearest first', () => {
  expect(acceptedLanguages('fr;q=0.5, de-CH, *;q=0.1, en;q=0, it;q=0.9')).toEqual(['de-CH', 'it', 'fr', '*']);
  expect(acceptedLanguages(null)).toEqual(['']);
});

it('masks an address but for its first letter and its domain', () => {
  expect(masked('ada.lovelace@outlook.example')).toBe('a•••@outlook.example');
});

it('the schema is strict', () => {
  expect(guideTextsSchema.safeParse({ ...languages.get('en'), more: 'x' }).success).toBe(false);
});
