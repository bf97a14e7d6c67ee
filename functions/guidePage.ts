import { createHash } from 'node:crypto';
import type { HttpResponseInit } from '@azure/functions';
import type { Guide } from '../adapters/guideTexts';
import { dateIn, FALLBACK_LANGUAGE, filled, type GuideTexts, type WantedAccount } from '../domain/guideTexts';
import { safeHeaders } from './problems';

/** What the page says: how to accept, that nobody is waited for, or that there is no such page. */
export type Page =
  | {
      kind: 'guide';
      account: WantedAccount;
      /** The address to sign in with, masked. */
      address: string;
      expiresAt: string;
      organization: string;
      /** Where the button leads. */
      action: string;
    }
  | { kind: 'over'; organization: string }
  | { kind: 'unknown' };

/** The answer with a page in a language: nothing of it is loaded from elsewhere, kept, indexed or told to other sites. */
export function pageAnswer(status: number, guide: Guide, language: string, page: Page): HttpResponseInit {
  const texts = guide.languages.get(language) ?? guide.languages.get(FALLBACK_LANGUAGE);
  if (texts === undefined) throw new Error('there are no texts for guests');
  const { title, content } = partsOf(texts.page, language, page);
  const parts: Record<string, string> = {
    language: escaped(language),
    title: escaped(title),
    nav: navigation(guide, texts.page, language),
    content: `<h1>${escaped(title)}</h1>\n${content}`,
  };
  const body = guide.frame.replaceAll(/\{\{(\w+)\}\}/g, (_whole, name: string) => parts[name] ?? '');
  return { status, headers: headersOf(guide, language), body };
}

function headersOf({ frame }: Guide, language: string): Record<string, string> {
  const style = /<style>([\s\S]*?)<\/style>/.exec(frame)?.[1] ?? '';
  const hash = createHash('sha256').update(style, 'utf8').digest('base64');
  // form-action: browsers hold the redirects that follow a form against it as well, and these lead through more than one
  // of Microsoft's sites.
  const policy = `default-src 'none'; style-src 'sha256-${hash}'; form-action 'self' https:; base-uri 'none'; frame-ancestors 'none'`;
  return {
    ...safeHeaders,
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Language': language,
    'Content-Security-Policy': policy,
    'Referrer-Policy': 'no-referrer',
    'X-Robots-Tag': 'noindex, nofollow',
  };
}

function partsOf(texts: GuideTexts['page'], language: string, page: Page): { title: string; content: string } {
  switch (page.kind) {
    case 'unknown':
      return { title: texts.unknownTitle, content: paragraph(texts.unknown) };
    case 'over': {
      const about = filled(texts.title, { organization: page.organization });
      return { title: texts.overTitle, content: paragraph(about) + paragraph(texts.over) };
    }
    case 'guide': {
      const { account, address, organization, action } = page;
      const steps = [
        texts.steps.window,
        texts.steps.signIn[account],
        texts.steps.open,
        texts.steps.pick[account],
        texts.steps.accept,
      ];
      const content = [
        paragraph(filled(texts.intro[account], { address })),
        heading(texts.stepsTitle),
        `<ol>\n${steps.map((step) => `<li>${escaped(step)}</li>`).join('\n')}\n</ol>\n`,
        `<form method="post" action="${escaped(action)}"><button type="submit">${escaped(texts.button)}</button></form>\n`,
        paragraph(filled(texts.until, { date: dateIn(language, page.expiresAt) })),
        heading(texts.afterTitle) + paragraph(texts.after),
        heading(texts.wrongTitle) + paragraph(texts.wrong),
        heading(texts.teamsTitle) + paragraph(texts.teams),
      ];
      return { title: filled(texts.title, { organization }), content: content.join('') };
    }
  }
}

/** Every language, each in its own words; links without a path stay on the page. */
function navigation({ languages }: Guide, texts: GuideTexts['page'], current: string): string {
  const items = [...languages].map(([tag, { name }]) => {
    const mark = tag === current ? ' aria-current="true"' : '';
    return `<li><a href="?lang=${escaped(tag)}" lang="${escaped(tag)}" hreflang="${escaped(tag)}"${mark}>${escaped(name)}</a></li>`;
  });
  return `<nav aria-label="${escaped(texts.languages)}"><ul>\n${items.join('\n')}\n</ul></nav>`;
}

function heading(text: string): string {
  return `<h2>${escaped(text)}</h2>\n`;
}

function paragraph(text: string): string {
  return `<p>${escaped(text)}</p>\n`;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (sign) => entities[sign] ?? '');
}
