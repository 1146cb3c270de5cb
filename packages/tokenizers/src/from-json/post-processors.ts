/** The post-processors of tokenizer.json: templates, and the trimming of spans. */
import { malformed, unsupported } from '../errors.ts';
import {
  BARE,
  bertTemplate,
  robertaTemplate,
  textA,
  textB,
  token,
  type Template,
  type TemplatePart,
} from '../output/template.ts';
import type { Fields } from './fields.ts';

/** What a post-processor comes to. */
export interface PostProcessing {
  readonly template: Template | undefined;
  readonly trim: { readonly addPrefixSpace: boolean } | undefined;
}

/** Tokens of a template, at most. */
const MOST_TOKENS = 1_000;

/** Reads a post-processor. Errors: `UNSUPPORTED` for an unknown type, `MALFORMED_FILE`. */
export function readPostProcessor(fields: Fields): PostProcessing {
  const type = fields.text('type');
  switch (type) {
    case 'Sequence':
      return readSequence(fields);
    case 'TemplateProcessing':
      return { template: readTemplate(fields), trim: undefined };
    case 'BertProcessing':
      return { template: bertTemplate(idOf(fields, 'cls'), idOf(fields, 'sep')), trim: undefined };
    case 'RobertaProcessing':
      return { template: robertaTemplate(idOf(fields, 'cls'), idOf(fields, 'sep')), trim: readTrim(fields) };
    case 'ByteLevel':
      return { template: undefined, trim: readTrim(fields) };
    default:
      throw unsupported(
        fields.file,
        `there is no post-processor of the type ${JSON.stringify(type.slice(0, 60))}`,
      );
  }
}

/** Processors one after the other, of which one at most has a template. */
function readSequence(fields: Fields): PostProcessing {
  const all = fields.children('processors').map(readPostProcessor);
  const templates = all.flatMap(({ template }) => template ?? []);
  if (templates.length > 1)
    throw unsupported(
      fields.file,
      `${fields.path} has ${templates.length} templates, of which only one is supported`,
    );
  return { template: templates[0], trim: all.find(({ trim }) => trim !== undefined)?.trim };
}

function readTrim(fields: Fields): PostProcessing['trim'] {
  const addPrefixSpace = fields.flag('add_prefix_space', true);
  return fields.flag('trim_offsets', true) ? { addPrefixSpace } : undefined;
}

/** The id in `["</s>", 2]`. */
function idOf(fields: Fields, name: string): number {
  const [content, id] = fields.list(name);
  if (typeof content === 'string' && Number.isSafeInteger(id) && Number(id) >= 0) return Number(id);
  throw fields.wrong(name, 'a token and its id', fields.raw(name));
}

function readTemplate(fields: Fields): Template {
  const tokens = new Map<string, readonly number[]>();
  const special = fields.child('special_tokens');
  for (const [name] of special?.entries() ?? []) {
    const ids = special?.child(name)?.list('ids') ?? [];
    if (!ids.every((id) => Number.isSafeInteger(id) && Number(id) >= 0) || ids.length > MOST_TOKENS)
      throw malformed(fields.file, `the ids of ${JSON.stringify(name)} in the template must be integers`);
    tokens.set(name, ids as readonly number[]);
  }
  const single = readParts(fields, 'single', tokens);
  const pair = fields.raw('pair') === undefined ? BARE.pair : readParts(fields, 'pair', tokens);
  const wrong = (name: string, expected: string) => fields.wrong(name, expected, fields.raw(name));
  if (!hasTexts(single, [0])) throw wrong('single', 'a template in which A stands once and B does not');
  if (!hasTexts(pair, [0, 1])) throw wrong('pair', 'a template in which A and B stand once');
  return { single, pair };
}

function hasTexts(parts: readonly TemplatePart[], sequences: readonly number[]): boolean {
  const texts = parts.flatMap((part) => (part.kind === 'text' ? part.sequence : []));
  return texts.toSorted().join() === sequences.join();
}

function readParts(
  fields: Fields,
  name: string,
  tokens: ReadonlyMap<string, readonly number[]>,
): readonly TemplatePart[] {
  const list = fields.children(name);
  if (list.length > MOST_TOKENS)
    throw fields.wrong(name, `a template of at most ${MOST_TOKENS} parts`, list.length);
  return list.flatMap((entry): readonly TemplatePart[] => {
    const special = entry.child('SpecialToken');
    const part = special ?? entry.child('Sequence');
    if (part === undefined)
      throw fields.wrong(name, 'a list of special tokens and sequences', fields.raw(name));
    const id = part.text('id');
    const typeId = part.integer('type_id') ?? 0;
    if (special === undefined) {
      if (id !== 'A' && id !== 'B') throw part.wrong('id', '"A" or "B"', id);
      return [id === 'A' ? textA(typeId) : textB(typeId)];
    }
    const ids = tokens.get(id);
    if (ids === undefined) throw part.wrong('id', 'one of the special_tokens of the template', id);
    return ids.map((each) => token(each, typeId));
  });
}
