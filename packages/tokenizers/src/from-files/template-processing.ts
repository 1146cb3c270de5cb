/** Templates as a tokenizer.json writes them. */
import type { JsonObject } from '@attn/core';
import type { AddedToken } from '../added-tokens.ts';
import type { Template, TemplatePart } from '../output/template.ts';

type Token = Pick<AddedToken, 'content' | 'id'>;

/** The `TemplateProcessing` of a template that has two special tokens. */
export function templateProcessing(
  template: (cls: number, sep: number) => Template,
  cls: Token,
  sep: Token,
): JsonObject {
  const { single, pair } = template(cls.id, sep.id);
  const written = (part: TemplatePart): JsonObject => {
    const { typeId: type_id } = part;
    if (part.kind === 'text') return { Sequence: { id: part.sequence === 0 ? 'A' : 'B', type_id } };
    return { SpecialToken: { id: part.id === cls.id ? cls.content : sep.content, type_id } };
  };
  const tokens = [cls, sep].map(({ content, id }) => [
    content,
    { id: content, ids: [id], tokens: [content] },
  ]);
  return {
    type: 'TemplateProcessing',
    single: single.map(written),
    pair: pair.map(written),
    special_tokens: Object.fromEntries(tokens) as JsonObject,
  };
}
