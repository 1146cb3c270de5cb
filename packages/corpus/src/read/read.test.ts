// Texts of documents, the places of their characters, and files as documents.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cutPassages } from '../encode/passages.ts';
import { corpusPath, readFiles } from './files.ts';
import { readText, type DocumentFormat } from './formats.ts';
import { watchFiles } from './watch.ts';

async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

describe('texts', () => {
  test.each<[DocumentFormat, string, string]>([
    ['text', '\uFEFFCall me Ishmael.\r\n', 'Call me Ishmael.\r\n'],
    ['markdown', '# A *b*\n\nc [d](http://e) `f`  \ng\n\n- h\n- i\n', 'A b\n\nc d f\ng\n\nh\n\ni'],
    ['markdown', '---\ntitle: x\n---\n> a\n> b\n\n```js\nc();\nd();\n```\n', 'a\nb\n\nc();\nd();'],
    ['markdown', 'a &amp; b\\*\r\nc <!-- d --> e 🐳', 'a & b*\r\nc  e 🐳'],
    ['markdown', 'x\n\n| a | *b* |\n|---|--:|\n| c d | e |\n\ny | z', 'x\n\na\nb\nc d\ne\n\ny | z'],
    ['html', '<p>a<b>b</b> c<br>d<script>x</script><p>e', 'ab c\nd\n\ne'],
    ['html', '<h1>a</h1>\r\n<ul><li>b<li>c &lt; d</ul><nav>x</nav>', 'a\n\nb\n\nc < d'],
  ])('%s %j', async (format, source, expected) => {
    const mapped = await readText(source, format);
    expect(mapped.text.replaceAll(/[ \n]*\n\n[ \n]*/g, '\n\n').trimEnd()).toBe(expected.trimEnd());
    // Each word that stands in the source stands where the text says.
    for (const { 0: word, index } of mapped.text.matchAll(/[\p{L}🐳]+/gu)) {
      const [start, end] = [mapped.toSource(index), mapped.toSource(index + word.length, true)];
      const exact = source.slice(start, end).replaceAll(/<[^>]*>/g, '');
      if (!/&|\\/.test(exact)) expect(exact).toBe(word);
      else expect(exact).toContain(word);
    }
  });

  test('titles', async () => {
    expect((await readText('a\n\n# B *c*\n\n# d', 'markdown')).title).toBe('B c');
    expect((await readText('<title> a\n b </title><h1>c</h1>', 'html')).title).toBe('a b');
    expect((await readText('<h1>c</h1>', 'html')).title).toBe('c');
    expect((await readText('# a', 'text')).title).toBeUndefined();
  });
});

describe('passages', () => {
  const cut = (text: string, length: number): string[] =>
    cutPassages(text, length).map(([start, end]) => text.slice(start, end));

  test('are of whole sentences, and of whole paragraphs where these fill half', () => {
    expect(cut('One is short. Two is, too. Three.', 27)).toEqual(['One is short. Two is, too.', 'Three.']);
    expect(cut('A first paragraph.\n\nB. C.', 30)).toEqual(['A first paragraph.', 'B. C.']);
    expect(cut('A.\n\nB. C.', 30)).toEqual(['A.\n\nB. C.']);
    expect(cut(' — \n *** ', 30)).toEqual([]);
    expect(cut('', 30)).toEqual([]);
  });

  test('no passage is longer, none splits a pair, and no word is lost', () => {
    const texts = [
      'word '.repeat(99),
      '𝒳'.repeat(99),
      'a'.repeat(199),
      `${'x. '.repeat(30)}\n\n${'y'.repeat(60)}`,
    ];
    for (const text of texts) {
      const parts = cut(text, 51);
      expect(Math.max(...parts.map((part) => part.length))).toBeLessThanOrEqual(51);
      expect(parts.join('').replaceAll(/\s/g, '')).toBe(text.replaceAll(/\s/g, ''));
      for (const part of parts) expect(part).not.toMatch(/\p{Surrogate}/u);
    }
  });
});

describe('files', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'attn-files-'));
    await mkdir(join(folder, 'deep/node_modules'), { recursive: true });
    const files = {
      'b.md': '# b',
      'a.txt': 'a',
      'c.bin': 'c',
      '.d.txt': 'd',
      'deep/e.html': 'e',
      'deep/node_modules/f.md': 'f',
    };
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
    await writeFile(join(folder, 'lines.jsonl'), '{"id":1,"text":"x\u2028y","k":[1]}\n \n{"text":"z"}');
  });
  afterAll(() => rm(folder, { recursive: true }));

  const names = async (...args: Parameters<typeof readFiles>): Promise<readonly string[]> => {
    const documents = await collect(readFiles(...args));
    return documents.map(({ path }) => path.replace(`${corpusPath(folder)}/`, ''));
  };

  test('of folders: those that are texts, or fit', async () => {
    const lines = ['lines.jsonl#1', 'lines.jsonl#3'];
    expect(await names([folder])).toEqual(['a.txt', 'b.md', ...lines, 'deep/e.html']);
    expect(await names([folder], { ignore: ['deep/**', '*.jsonl'] })).toEqual(['a.txt', 'b.md']);
    expect(await names([folder], { glob: ['**/*.{bin,html}'] })).toEqual(['c.bin', 'deep/e.html']);
    expect(await names([join(folder, 'c.bin')])).toEqual(['c.bin']);
    const [first, second] = await collect(readFiles([join(folder, 'lines.jsonl')]));
    expect(first).toMatchObject({ text: 'x\u2028y', metadata: { k: [1] } });
    expect(second).toMatchObject({ text: 'z', metadata: {}, root: corpusPath(join(folder, 'lines.jsonl')) });
  });

  test('that are none, and lines that are wrong', async () => {
    await expect(names([join(folder, 'none')])).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    const bad = join(folder, 'bad.jsonl');
    await writeFile(bad, '{"text":"a"}\n{"text":5}\n');
    const message = '[attn/corpus] readFiles: line 2 of bad.jsonl must be an object { id?, text, … }, got';
    await expect(names([bad])).rejects.toMatchObject({
      code: 'MALFORMED_FILE',
      message: expect.stringContaining(message),
    });
    await rm(bad);
  });

  test('changes are told, those that come together once', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const changes = watchFiles([folder], { signal });
    const next = changes.next();
    await writeFile(join(folder, 'deep/e.html'), 'new');
    await writeFile(join(folder, 'a.txt'), 'new');
    expect((await next).done).toBe(false);
    const last = changes.next();
    controller.abort();
    expect((await last).done).toBe(true);
  });
});
