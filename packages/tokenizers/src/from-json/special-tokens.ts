/**
 * The special and added tokens of a folder: defaults of the class, then tokenizer_config.json, then
 * special_tokens_map.json. Where tokenizer_config.json has `added_tokens_decoder`, the map is not read.
 */
import { show } from '@attn/core/backend';
import type { AddedToken } from '../added-tokens.ts';
import { ROLES, type Definition, type Role } from '../definition.ts';
import { malformed } from '../errors.ts';
import type { Vocabulary } from '../models/vocabulary.ts';
import { LONGEST_ENTRY } from '../text/trie.ts';
import type { ConfigFiles } from './config-files.ts';
import { Fields, MOST_IDS } from './fields.ts';
import { readIds } from './models.ts';
import type { SpecialDefaults } from './special-defaults.ts';

/** The added tokens of a folder, and the special ones by their roles. */
export interface SpecialTokens {
  readonly added: readonly AddedToken[];
  readonly roles: Definition['roles'];
  /** The token that a template has for a role. */
  readonly token: (role: Role) => Pick<AddedToken, 'content' | 'id'>;
}

/** A special token as a file writes it. */
interface SpecialToken {
  readonly content: string;
  /** The object with its flags, where there is one. */
  readonly fields: Fields | undefined;
  readonly role: Role | undefined;
  /** Whether only its class names it. */
  readonly isDefault?: boolean;
}

/**
 * Reads the special and added tokens of a folder. Errors: `MALFORMED_FILE`.
 * @param own the tokens of a tokenizer.json, which has the last word on ids, but not on flags
 */
export function readSpecialTokens(
  files: ConfigFiles,
  vocabulary: Vocabulary,
  defaults: SpecialDefaults,
  own?: readonly AddedToken[],
): SpecialTokens {
  const decoder = files.config?.child('added_tokens_decoder');
  const legacy = decoder === undefined ? files : { config: files.config };
  const special = specialTokens(legacy, defaults);
  const added = new Map(own?.map((token) => [token.content, token]));
  let next = [...added.values()].reduce((limit, { id }) => Math.max(limit, id + 1), vocabulary.idLimit);
  const idOf = (content: string) => added.get(content)?.id ?? vocabulary.tokenToId(content) ?? next++;
  const isSpecial = (content: string) => special.some((each) => each.content === content);

  for (const token of decoder === undefined ? [] : decodedTokens(decoder)) {
    const { content } = token;
    const id = own === undefined ? token.id : idOf(content);
    next = Math.max(next, id + 1);
    added.set(content, { ...token, id, special: token.special || isSpecial(content) });
  }
  const listed = legacy.addedTokens === undefined ? [] : [...readIds(legacy.addedTokens)];
  for (const [content, listedId] of listed.sort(([, a], [, b]) => a - b)) {
    if (added.has(content)) continue;
    const entry = special.find((each) => each.content === content);
    const id = own === undefined ? listedId : idOf(content);
    next = Math.max(next, id + 1);
    const plain = { content, fields: undefined, role: undefined };
    added.set(content, tokenOf(entry ?? plain, id, entry !== undefined, defaults));
  }
  for (const entry of special) {
    const { content, isDefault = false } = entry;
    // A tokenizer.json lists what its class adds.
    if (added.has(content) || (isDefault && own !== undefined)) continue;
    added.set(content, tokenOf(entry, idOf(content), true, defaults));
  }
  const roles: SpecialTokens['roles'] = Object.fromEntries(
    special.flatMap(({ role, content }) => (role === undefined ? [] : [[role, content]])),
  );
  const token = (role: Role) => added.get(roles[role] ?? '') ?? { content: '', id: 0 };
  return { added: [...added.values()], roles, token };
}

/** The special tokens in the order of their roles, then those without one. */
function specialTokens(
  { config, specialTokensMap: map }: ConfigFiles,
  defaults: SpecialDefaults,
): readonly SpecialToken[] {
  const result: SpecialToken[] = [];
  for (const role of ROLES) {
    const name = `${role}_token`;
    const source = map?.raw(name) === undefined ? config : map;
    const content = defaults.roles[role];
    if (source?.raw(name) !== undefined) result.push(specialToken(source, name, source.raw(name), role));
    else if (content !== undefined) result.push({ content, fields: undefined, role, isDefault: true });
  }
  for (const content of defaults.others ?? [])
    result.push({ content, fields: undefined, role: undefined, isDefault: true });
  return [...result, ...others(config), ...others(map)];
}

/** The special tokens of a file that have no role. */
function others(file: Fields | undefined): readonly SpecialToken[] {
  return ['additional_special_tokens', 'extra_special_tokens'].flatMap((name) => {
    const value = file?.raw(name);
    if (file === undefined || value === undefined) return [];
    // Extra ones may also have names.
    const list = Array.isArray(value)
      ? file.list(name)
      : (file.child(name)?.entries() ?? []).map(([, token]) => token);
    return list.map((token) => specialToken(file, name, token, undefined));
  });
}

function specialToken(source: Fields, name: string, value: unknown, role: Role | undefined): SpecialToken {
  if (typeof value === 'string') return { content: value, fields: undefined, role };
  if (typeof value !== 'object') throw source.wrong(name, 'a text or an object with content', value);
  const fields = new Fields(value, source.file, name);
  return { content: fields.text('content'), fields, role };
}

function tokenOf(entry: SpecialToken, id: number, special: boolean, defaults: SpecialDefaults): AddedToken {
  const { content, fields, role } = entry;
  const plain = new Fields(
    { content, lstrip: role === 'mask' && defaults.maskTakesSpace },
    'tokenizer_config.json',
  );
  return addedToken(fields ?? plain, id, special);
}

/** The tokens of `added_tokens_decoder`, in the order of their ids. */
function decodedTokens(decoder: Fields): readonly AddedToken[] {
  return decoder
    .entries()
    .map(([key]) => {
      const id = /^\d{1,9}$/.test(key) ? Number(key) : NaN;
      const fields = decoder.child(key);
      if (!(id <= MOST_IDS) || fields === undefined)
        throw malformed(decoder.file, `added_tokens_decoder must have ids for names, got ${show(key)}`);
      return addedToken(fields, id, fields.flag('special', false));
    })
    .sort((a, b) => a.id - b.id);
}

/** An added token with the flags that an object has. Errors: `MALFORMED_FILE`. */
export function addedToken(fields: Fields, id: number, special: boolean): AddedToken {
  const content = fields.text('content');
  if (content.length > LONGEST_ENTRY)
    throw malformed(
      fields.file,
      `an added token may have ${LONGEST_ENTRY} characters, got ${content.length}`,
    );
  return {
    content,
    id,
    special,
    lstrip: fields.flag('lstrip', false),
    rstrip: fields.flag('rstrip', false),
    singleWord: fields.flag('single_word', false),
    normalized: fields.flag('normalized', !special),
  };
}
