/** A page that shows entities or answers in their texts. It loads nothing and runs nothing. */
import { DARK, LIGHT, styleOf, TINT, UNDERLINES, type Scheme } from './colours.ts';
import { piecesOf, type Piece, type Span } from './pieces.ts';
import type { Section } from './sections.ts';

/** Lanes of underlines; spans beyond share the last. */
const LANES = 4;

/** The page of these sections. Whatever texts and labels hold, it is shown and never run. */
export function highlightPage(title: string, sections: readonly Section[]): string {
  const counts = labelCounts(sections);
  const numbers = new Map([...counts.keys()].map((label, i) => [label, i]));
  return `<!doctype html>
<html lang="und">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(title)}</title>
<style>
${STYLE}
</style>
</head>
<body>
<h1>${escaped(title)}</h1>
${legend(counts, numbers)}
${sections.map((section) => sectionHtml(section, numbers)).join('\n')}
</body>
</html>
`;
}

/** How often each label occurs, in the order in which they come. */
function labelCounts(sections: readonly Section[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { spans } of sections)
    for (const { label } of spans) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts;
}

function legend(counts: ReadonlyMap<string, number>, numbers: ReadonlyMap<string, number>): string {
  if (counts.size === 0) return '';
  const items = [...counts].map(
    ([label, count]) =>
      `  <li><mark class="${classOf(numbers, label)} lane0 begins ends">${escaped(label)}</mark> ${count}</li>`,
  );
  return `<ul class="legend">\n${items.join('\n')}\n</ul>`;
}

function sectionHtml({ title, text, spans, note }: Section, numbers: ReadonlyMap<string, number>): string {
  const pieces = piecesOf(text.length, spans).map((piece) => pieceHtml(text, piece, numbers));
  const lines = [
    '<section>',
    `<h2 dir="auto">${escaped(title)}</h2>`,
    ...(note === undefined ? [] : [`<p class="note">${escaped(note)}</p>`]),
    ...(text === '' ? [] : [`<p class="text" dir="auto">${pieces.join('')}</p>`]),
    '</section>',
  ];
  return lines.join('\n');
}

/** A piece within the marks of its spans. A mark whose span ends here has the label and the score. */
function pieceHtml(text: string, { start, end, spans }: Piece, numbers: ReadonlyMap<string, number>): string {
  return spans.toReversed().reduce(
    (html, span) => {
      const begins = span.start === start ? ' begins' : '';
      const ends = span.end === end ? ' ends' : '';
      const tag = ends === '' ? '' : tagHtml(span);
      const lane = `lane${Math.min(span.lane, LANES - 1)}`;
      return `<mark class="${classOf(numbers, span.label)} ${lane}${begins}${ends}">${html}${tag}</mark>`;
    },
    escaped(text.slice(start, end)),
  );
}

function tagHtml({ label, score }: Span): string {
  const number = score === undefined ? '' : ` <b>${score.toFixed(3)}</b>`;
  return `<small>${escaped(label)}${number}</small>`;
}

function classOf(numbers: ReadonlyMap<string, number>, label: string): string {
  const { colour, underline } = styleOf(numbers.get(label) ?? 0);
  return `c${colour} ${UNDERLINES[underline]}`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A text as HTML shows it, in elements and in quoted attributes. */
function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character]);
}

function variables({ page, text, labels }: Scheme): string {
  const colours = labels.map((rgb, i) => `--c${i}: ${rgb.join(' ')};`);
  return `--page: rgb(${page.join(' ')}); --text: rgb(${text.join(' ')});\n  ${colours.join(' ')}`;
}

const STYLE = `:root {
  color-scheme: light dark;
  ${variables(LIGHT)}
}
@media (prefers-color-scheme: dark) { :root {
  ${variables(DARK)}
} }
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/2.3 system-ui, sans-serif;
  background: var(--page); color: var(--text); }
h1 { font-size: 1.3rem; }
h2 { font-size: 1rem; margin: 2rem 0 0.3rem; line-height: 1.4; }
.legend { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: 0 1.2rem; }
.text { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.note { margin: 0; font-style: italic; }
mark { color: inherit; background: content-box rgb(var(--c) / ${TINT}); border-bottom: 3px solid rgb(var(--c));
  box-decoration-break: clone; -webkit-box-decoration-break: clone; }
mark.begins { border-start-start-radius: 0.3em; border-end-start-radius: 0.3em; }
mark.ends { border-start-end-radius: 0.3em; border-end-end-radius: 0.3em; }
mark small { font-size: 0.7em; margin-inline: 0.4em 0.2em; unicode-bidi: isolate; white-space: nowrap;
  user-select: none; }
mark small b { font-weight: 600; font-variant-numeric: tabular-nums; }
${LIGHT.labels.map((_, i) => `.c${i} { --c: var(--c${i}); }`).join(' ')}
${UNDERLINES.map((style) => `.${style} { border-bottom-style: ${style}; }`).join(' ')}
${Array.from({ length: LANES }, (_, i) => `.lane${i} { padding-bottom: ${5 * i}px; }`).join(' ')}`;
