/** Formats of documents, and their texts. */
import { extname } from 'node:path';
import { MappedTextBuilder, type MappedText } from './mapped-text.ts';

/** Formats that are read. A JSONL file is no document: each of its lines is one. */
export const FORMATS = ['text', 'markdown', 'html'] as const;

/** The format of a document. */
export type DocumentFormat = (typeof FORMATS)[number];

const BY_EXTENSION: ReadonlyMap<string, DocumentFormat | 'jsonl'> = new Map([
  ...['.txt', '.text', '.rst', '.adoc', '.org', '.tex', '.log'].map((name) => [name, 'text'] as const),
  ...['.md', '.markdown', '.mdown', '.mkd'].map((name) => [name, 'markdown'] as const),
  ...['.html', '.htm', '.xhtml'].map((name) => [name, 'html'] as const),
  ...['.jsonl', '.ndjson'].map((name) => [name, 'jsonl'] as const),
]);

/** The format of a file by its name; undefined for names that say none. */
export function formatOf(path: string): DocumentFormat | 'jsonl' | undefined {
  return BY_EXTENSION.get(extname(path).toLowerCase());
}

/** The text of a document: what stands in it for readers, without its markup. */
export async function readText(source: string, format: DocumentFormat): Promise<MappedText> {
  switch (format) {
    case 'markdown':
      return (await import('./markdown.ts')).readMarkdown(source);
    case 'html':
      return (await import('./html.ts')).readHtml(source);
    case 'text': {
      const builder = new MappedTextBuilder(source);
      const start = source.startsWith('\uFEFF') ? 1 : 0; // a byte order mark
      builder.addWhole(start);
      return builder.build();
    }
    default:
      return format satisfies never;
  }
}
