/** The text of HTML, without scripts, styles and whatever else nobody reads. */
import { parse, type DefaultTreeAdapterTypes } from 'parse5';
import { MappedTextBuilder, type MappedText } from './mapped-text.ts';

type Node = DefaultTreeAdapterTypes.Node;

/** Elements whose text is not read. */
const SILENT: ReadonlySet<string> = new Set(
  'head script style template noscript svg math iframe object select button nav'.split(' '),
);

/** Elements that stand in a line with others. */
const INLINE: ReadonlySet<string> = new Set(
  'a abbr b bdi bdo big cite code data del dfn em font i ins kbd label mark q rp rt ruby s samp small span strike strong sub sup time tt u var wbr'.split(
    ' ',
  ),
);

/** Reads HTML as browsers do. The title is that of the head, else the first heading. */
export function readHtml(source: string): MappedText {
  const document = parse(source, { sourceCodeLocationInfo: true });
  const builder = new MappedTextBuilder(source);
  const visit = (node: Node): void => {
    if (node.nodeName === '#text' && 'value' in node) {
      const place = node.sourceCodeLocation;
      const isBlank = node.value.trim() === '';
      if (isBlank && /\n\s*\n/.test(node.value)) builder.breakLine();
      else builder.add(node.value, place?.startOffset ?? 0, place?.endOffset ?? source.length);
    }
    if (SILENT.has(node.nodeName) || !('childNodes' in node)) return;
    if (node.nodeName === 'br') builder.breakLine();
    const isBlock = !INLINE.has(node.nodeName) && node.nodeName !== 'br';
    if (isBlock) builder.breakBlock();
    for (const child of node.childNodes) visit(child);
    if (isBlock) builder.breakBlock();
  };
  visit(document);
  return builder.build(textOf(firstOf(document, 'title') ?? firstOf(document, 'h1')));
}

/** The first element of a name, in the order of the document. */
function firstOf(node: Node, name: string): Node | undefined {
  if (node.nodeName === name) return node;
  if (!('childNodes' in node)) return undefined;
  for (const child of node.childNodes) {
    const match = firstOf(child, name);
    if (match !== undefined) return match;
  }
  return undefined;
}

function textOf(node: Node | undefined): string {
  if (node === undefined) return '';
  if (node.nodeName === '#text' && 'value' in node) return node.value;
  return 'childNodes' in node ? node.childNodes.map(textOf).join('').replaceAll(/\s+/g, ' ').trim() : '';
}
