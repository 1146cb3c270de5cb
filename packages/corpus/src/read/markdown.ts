/** The text of Markdown: paragraphs, headings, cells and code, without links' addresses and HTML. */
import type { Nodes } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmTableFromMarkdown } from 'mdast-util-gfm-table';
import { gfmTable } from 'micromark-extension-gfm-table';
import { MappedTextBuilder, type MappedText } from './mapped-text.ts';

/** Fields between two lines of dashes at the beginning of a file. */
const FRONT_MATTER = /^\uFEFF?---\r?\n[^]*?\r?\n---(?:\r?\n|$)/;

/** Nodes that stand in a line with others. */
const INLINE: ReadonlySet<string> = new Set([
  'text',
  'emphasis',
  'strong',
  'link',
  'linkReference',
  'inlineCode',
  'image',
  'imageReference',
  'break',
  'html',
]);

/** Tables, which CommonMark leaves to GitHub's Markdown. */
const TABLES = { extensions: [gfmTable()], mdastExtensions: [gfmTableFromMarkdown()] };

/** Reads Markdown as CommonMark has it, and tables. The title is the first heading. */
export function readMarkdown(source: string): MappedText {
  const skipped = FRONT_MATTER.exec(source)?.[0].length ?? 0;
  const builder = new MappedTextBuilder(source);
  const headings: string[] = [];
  const visit = (node: Nodes): void => {
    const isLine = node.type === 'tableRow' || node.type === 'tableCell';
    if (isLine) builder.breakLine();
    else if (!INLINE.has(node.type)) builder.breakBlock();
    if (node.type === 'heading' && headings.length === 0) headings.push(plain(node));
    if (node.type === 'text' || node.type === 'inlineCode' || node.type === 'code') {
      const { start, end } = node.position ?? {};
      builder.add(node.value, skipped + (start?.offset ?? 0), skipped + (end?.offset ?? source.length));
    } else if (node.type === 'break') {
      builder.breakLine();
    } else if ('children' in node) {
      for (const child of node.children) visit(child);
    }
    if (!isLine && !INLINE.has(node.type)) builder.breakBlock();
  };
  visit(fromMarkdown(source.slice(skipped), TABLES));
  return builder.build(headings[0]);
}

/** The letters of a node. */
function plain(node: Nodes): string {
  if ('children' in node) return node.children.map(plain).join('');
  return 'value' in node ? node.value : '';
}
