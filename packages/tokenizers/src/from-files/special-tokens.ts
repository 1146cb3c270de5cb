/**
 * The special and added tokens of a folder: defaults of the class, then tokenizer_config.json, then
 * special_tokens_map.json. Where tokenizer_config.json has `added_tokens_decoder`, the map is not read.
 */
import { show } from '@attn/core/backend';
import type { AddedToken } from '../added-tokens.ts';
import { ROLES, rolesOf, type Definition, type Role } from '../definition.ts';
import { malformed } from '../errors.ts';
import { Fields, MOST_IDS } from '../from-json/fields.ts';
import { addedToken, specialNames } from '../from-json/from-json.ts';
import { readIds } from '../from-json/models.ts';
import type { Vocabulary } from '../models/vocabulary.ts';
import type { Folder } from './folder.ts';
import { knownKind, type Kind } from './kinds.ts';
import { SPECIAL_DEFAULTS, type SpecialDefaults } from './special-defaults.ts';

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
}

/** Reads the special tokens of a folder. Errors: `MALFORMED_FILE`. */
export function readSpecialTokens(folder: Folder, vocabulary: Vocabulary, kind: Kind): SpecialTokens {
  const defaults = SPECIAL_DEFAULTS[kind];
  const { config, map } = sourcesOf(folder);
  const decoder = config?.child('added_tokens_decoder');
  const special = specialTokens(config, map, defaults);
  const added = new Map<string, AddedToken>();
  for (const token of decoder === undefined ? [] : decodedTokens(decoder)) added.set(token.content, token);

  const file = folder.json('added_tokens.json');
  const listed = file === undefined ? [] : [...readIds(file)].sort(([, a], [, b]) => a - b);
  for (const [content, id] of listed) {
    const entry = special.find((each) => each.content === content);
    if (!added.has(content))
      added.set(
        content,
        tokenOf(entry ?? { content, fields: undefined, role: undefined }, id, entry !== undefined, defaults),
      );
  }

  let next = [...added.values()].reduce((limit, { id }) => Math.max(limit, id + 1), vocabulary.idLimit);
  for (const entry of special) {
    if (added.has(entry.content)) continue;
    const id = vocabulary.tokenToId(entry.content) ?? next++;
    added.set(entry.content, tokenOf(entry, id, true, defaults));
  }
  const roles: SpecialTokens['roles'] = Object.fromEntries(
    special.flatMap(({ role, content }) => (role === undefined ? [] : [[role, content]])),
  );
  const token = (role: Role) => added.get(roles[role] ?? '') ?? { content: '', id: 0 };
  return { added: [...added.values()], roles, token };
}

/** The special tokens by their roles of a folder whose tokenizer.json says the rest. */
export function readRoles(folder: Folder): Definition['roles'] {
  const { config, map } = sourcesOf(folder);
  return rolesOf({ ...specialNames(config), ...specialNames(map) });
}

/** The special tokens that the class of such a folder has by default. */
export function defaultRoles(folder: Folder): Definition['roles'] {
  const kind = knownKind(folder);
  return kind === undefined ? {} : SPECIAL_DEFAULTS[kind].roles;
}

/** The files that name special tokens; what the second one says counts. */
function sourcesOf(folder: Folder): {
  readonly config: Fields | undefined;
  readonly map: Fields | undefined;
} {
  const config = folder.json('tokenizer_config.json');
  const isRead = config?.raw('added_tokens_decoder') === undefined;
  return { config, map: isRead ? folder.json('special_tokens_map.json') : undefined };
}

/** The special tokens in the order of their roles, then those without one. */
function specialTokens(
  config: Fields | undefined,
  map: Fields | undefined,
  defaults: SpecialDefaults,
): readonly SpecialToken[] {
  const result: SpecialToken[] = [];
  for (const role of ROLES) {
    const name = `${role}_token`;
    const source = map?.raw(name) === undefined ? config : map;
    const fallback = defaults.roles[role];
    if (source?.raw(name) !== undefined) result.push(specialToken(source, name, source.raw(name), role));
    else if (fallback !== undefined) result.push({ content: fallback, fields: undefined, role });
  }
  const name = 'additional_special_tokens';
  const source = map?.raw(name) === undefined ? config : map;
  const others = source?.list(name, []).map((value) => specialToken(source, name, value, undefined)) ?? [];
  for (const content of defaults.others ?? []) result.push({ content, fields: undefined, role: undefined });
  return [...result, ...others];
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
