// Pages of highlights: pieces of overlapping spans, whatever texts hold, and colours that people can see.
import { AttnError } from '@attn/core';
import { describe, expect, test } from 'vitest';
import { DARK, LIGHT, styleOf, TINT, type Rgb } from './colours.ts';
import { highlightPage } from './page.ts';
import { piecesOf, type Span } from './pieces.ts';
import { isHighlighted, sectionOf } from './sections.ts';

const span = (start: number, end: number, label: string, score?: number): Span => ({
  start,
  end,
  label,
  score,
});

/** Pieces as `start-end:labels`. */
const picture = (length: number, ...spans: readonly Span[]): readonly string[] =>
  piecesOf(length, spans).map(
    ({ start, end, spans: on }) =>
      `${start}-${end}:${on.map(({ label, lane }) => `${label}${lane}`).join('+')}`,
  );

describe('pieces', () => {
  test('cover the whole text, in order', () => {
    expect(picture(10)).toEqual(['0-10:']);
    expect(picture(0, span(0, 0, 'a'))).toEqual([]);
    expect(picture(10, span(6, 10, 'b'), span(0, 4, 'a'))).toEqual(['0-4:a0', '4-6:', '6-10:b0']);
    expect(picture(10, span(2, 5, 'a'), span(5, 7, 'b'))).toEqual(['0-2:', '2-5:a0', '5-7:b0', '7-10:']);
  });

  test('of spans that overlap, nest, are equal or empty, or lie beyond the text', () => {
    expect(picture(10, span(0, 6, 'a'), span(4, 8, 'b'))).toEqual(['0-4:a0', '4-6:a0+b1', '6-8:b1', '8-10:']);
    expect(picture(9, span(3, 5, 'in'), span(0, 9, 'out'))).toEqual(['0-3:out0', '3-5:out0+in1', '5-9:out0']);
    expect(picture(4, span(0, 4, 'a'), span(0, 4, 'b'))).toEqual(['0-4:a0+b1']);
    expect(picture(4, span(2, 2, 'a'), span(3, 9, 'b'), span(7, 9, 'c'))).toEqual(['0-3:', '3-4:b0']);
  });

  test('a lane is free again behind its span', () => {
    const spans = [span(0, 9, 'a'), span(1, 3, 'b'), span(4, 6, 'c')];
    expect(picture(9, ...spans)).toEqual(['0-1:a0', '1-3:a0+b1', '3-4:a0', '4-6:a0+c1', '6-9:a0']);
  });

  test('of many spans take no more than a moment', () => {
    const spans = Array.from({ length: 50_000 }, (_, i) => span(2 * i, 2 * i + 3, 'a'));
    expect(piecesOf(100_001, spans)).toHaveLength(99_999);
  });
});

describe('sections', () => {
  test('of entities and tokens', () => {
    const input = { text: 'Ahab met Peleg.' };
    const groups = [{ entity_group: 'PER', score: 0.9, word: 'Ahab', start: 0, end: 4 }];
    expect(sectionOf('token-classification', { input, answer: groups }, 3)).toEqual({
      title: 'Input 3',
      text: 'Ahab met Peleg.',
      spans: [span(0, 4, 'PER', 0.9)],
    });
    const tokens = [{ entity: 'B-PER', score: 0.5, index: 3, word: 'peleg', start: 9, end: 14 }];
    expect(sectionOf('token-classification', { input: input.text, answer: tokens }, 1)).toMatchObject({
      text: 'Ahab met Peleg.',
      spans: [span(9, 14, 'B-PER', 0.5)],
    });
    expect(sectionOf('token-classification', { input, answer: [] }, 1)).toMatchObject({
      note: 'no entities',
    });
  });

  test('of lists of words, which are joined as the task joins them', () => {
    const answered = { input: { text: ['Call', 'me'] }, answer: [] };
    expect(sectionOf('token-classification', answered, 1).text).toBe('Call me');
    expect(sectionOf('token-classification', answered, 1, { delimiter: '_' }).text).toBe('Call_me');
  });

  test('of answers, of which there may be none', () => {
    const input = { question: 'Who?', context: 'It was Ahab.' };
    const answer = { answer: 'Ahab', score: 0.5, start: 7, end: 11 };
    expect(sectionOf('question-answering', { input, answer }, 2)).toEqual({
      title: '2. Who?',
      text: 'It was Ahab.',
      spans: [span(7, 11, 'answer', 0.5)],
    });
    const none = { answer: '', score: 0.25, start: 0, end: 0 };
    const several = sectionOf('question-answering', { input, answer: [answer, none] }, 2);
    expect(several.spans).toEqual([span(7, 11, 'answer 1', 0.5)]);
    expect(several.note).toBe('answer 2: none (0.250)');
    const empty = sectionOf('question-answering', { input, answer: { ...none, score: null } }, 2);
    expect(empty).toMatchObject({ spans: [], note: 'no answer' });
  });

  test('of inputs that are wrong', () => {
    const error = new AttnError('INVALID_ARGUMENT', 'cli', 'line 1 must be JSON');
    const section = sectionOf('question-answering', { input: error, error }, 1);
    expect(section).toMatchObject({ title: 'Input 1', text: '', note: 'line 1 must be JSON' });
    expect(['ner', 'question-answering', 'fill-mask'].map(isHighlighted)).toEqual([true, true, false]);
  });
});

describe('a page', () => {
  const hostile = `<script>alert("1")</script> & 'x'`;

  test('marks spans with labels and scores, and says what its labels are', () => {
    const spans = [span(0, 7, 'ship', 0.98765), span(4, 10, 'sea')];
    const page = highlightPage('a title', [{ title: 'Input 1', text: 'Pequod sea!', spans }]);
    expect(page).toContain(
      '<p class="text" dir="auto"><mark class="c0 solid lane0 begins">Pequ</mark>' +
        '<mark class="c0 solid lane0 ends"><mark class="c1 dashed lane1 begins">od </mark>' +
        '<small>ship <b>0.988</b></small></mark>' +
        '<mark class="c1 dashed lane1 ends">sea<small>sea</small></mark>!</p>',
    );
    expect(page).toContain('<li><mark class="c1 dashed lane0 begins ends">sea</mark> 1</li>');
    expect(page).toMatch(/^<!doctype html>\n/);
  });

  test('shows what texts, labels, titles and notes hold, and runs none of it', () => {
    const spans = [span(0, 7, hostile, 0.5)];
    const page = highlightPage(hostile, [{ title: hostile, text: hostile, spans, note: hostile }]);
    const safe = '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;x&#39;';
    expect(page).not.toMatch(/<script|alert\("1"\)/);
    expect(page).toContain(`<title>${safe}</title>`);
    expect(page).toContain(`<h2 dir="auto">${safe}</h2>\n<p class="note">${safe}</p>`);
    expect(page).toContain(`&lt;script<small>${safe} <b>0.500</b></small></mark>&gt;alert(&quot;1`);
  });

  test('asks for nothing from anywhere', () => {
    const page = highlightPage('a', [{ title: 'b', text: 'http://example.org', spans: [] }]);
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
    expect(page).not.toMatch(/\b(src|href)=|url\(|@import/);
    expect(page).not.toContain('<ul'); // no labels
  });

  test('keeps text apart from the characters around it', () => {
    const text = '🐋 naïve\n  two';
    const page = highlightPage('a', [{ title: 'b', text, spans: [span(0, 2, 'whale'), span(3, 8, 'word')] }]);
    expect(page).toMatch(
      />🐋<small>whale<\/small><\/mark> <mark [^>]*>naïve<small>word<\/small><\/mark>\n  two</,
    );
  });
});

describe('colours', () => {
  const luminance = (rgb: Rgb): number => {
    const [r, g, b] = rgb.map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a: Rgb, b: Rgb): number => {
    const [dark, light] = [luminance(a), luminance(b)].toSorted((x, y) => x - y);
    return (light + 0.05) / (dark + 0.05);
  };

  test.each(Object.entries({ LIGHT, DARK }))('%s: texts and underlines are easy to see', (_, scheme) => {
    const { page, text, labels } = scheme;
    for (const label of labels) {
      expect(contrast(label, page), `underline ${label.join()}`).toBeGreaterThanOrEqual(3);
      const tinted = page.map((value, i) => value + TINT * (label[i] - value)) as unknown as Rgb;
      expect(contrast(text, tinted), `text on ${label.join()}`).toBeGreaterThanOrEqual(7);
    }
  });

  test('32 labels differ, neighbours in colour and underline', () => {
    const styles = Array.from({ length: 32 }, (_, i) => styleOf(i));
    expect(new Set(styles.map((style) => JSON.stringify(style))).size).toBe(32);
    for (let i = 1; i < 8; i++) {
      expect(styles[i].colour).not.toBe(styles[i - 1].colour);
      expect(styles[i].underline).not.toBe(styles[i - 1].underline);
    }
  });
});
