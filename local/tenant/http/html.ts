/** Text made safe for HTML content and attribute values. */
export function escapeHtml(value: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return value.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

const style = `
  :root { color-scheme: light dark; font-family: system-ui, sans-serif; line-height: 1.5; --line: #6b7280; --accent: #1d4ed8; }
  @media (prefers-color-scheme: dark) { :root { --line: #9ca3af; --accent: #93c5fd; } }
  body { margin: 0; display: grid; place-items: center; min-height: 100vh; }
  main { box-sizing: border-box; width: min(33rem, 100%); padding: 2rem 1.5rem; overflow-wrap: anywhere; }
  h1 { margin: 0 0 1rem; font-size: 1.625rem; line-height: 1.25; text-wrap: balance; }
  a { color: var(--accent); }
  button { display: block; width: 100%; margin: .625rem 0; padding: .75rem 1rem; font: inherit; text-align: start;
    border: 1px solid var(--line); border-radius: .375rem; background: transparent; color: inherit; cursor: pointer; }
  button:hover { border-color: var(--accent); color: var(--accent); }
  button:focus-visible, a:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
  .note { margin: 1.5rem 0 0; padding-top: 1rem; border-top: 1px solid var(--line); font-size: .875rem; }`;

/** A whole page without scripts. `content` is HTML already. */
export function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
${content}
<p class="note">This is a simulated sign-in page on this computer. It asks for no password and contacts nobody.</p>
</main>
</body>
</html>
`;
}

/** Headers of every page: nothing may be loaded, framed or kept. */
export const pageHeaders: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
};
