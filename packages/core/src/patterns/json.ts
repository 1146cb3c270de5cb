/** Reads patterns from their JSON form, `{ type, ...options }`, as files or requests have it. */
import { blockSparse } from './block-sparse.ts';
import { causal } from './causal.ts';
import { andAll, not, orAll } from './combinators.ts';
import { fixed } from './fixed.ts';
import { full } from './full.ts';
import { globalTokens } from './global-tokens.ts';
import { AttnError } from '../errors.ts';
import { anything } from '../check/kinds.ts';
import type { JsonObject } from '../util/json-value.ts';
import { keyPadding } from './key-padding.ts';
import { checkOptions, invalidPattern } from './options.ts';
import type { Pattern } from './pattern.ts';
import { perHead } from './per-head.ts';
import { randomBlocks } from './random-blocks.ts';
import { segments } from './segments.ts';
import { sinks } from './sinks.ts';
import { slidingWindow } from './sliding-window.ts';
import { strided } from './strided.ts';
import { where } from './where.ts';

/** The option of patterns that are made of others. */
const OF = { of: anything };

/** Makes a pattern of one type from its options, which are nested `depth` levels deep. */
type Decoder = (options: JsonObject, depth: number) => Pattern;

const DECODERS: ReadonlyMap<string, Decoder> = new Map<string, Decoder>([
  ['full', (o) => nothing('full', o, full)],
  ['causal', (o) => nothing('causal', o, causal)],
  ['slidingWindow', (o) => slidingWindow(unchecked(o))],
  ['globalTokens', (o) => globalTokens(unchecked<object>(o))],
  ['keyPadding', (o) => keyPadding(unchecked(o))],
  ['segments', (o) => segments(unchecked(o))],
  ['sinks', (o) => sinks(unchecked(checkOptions('sinks', o, { count: anything }).count))],
  ['strided', (o) => strided(unchecked(o))],
  ['fixed', (o) => fixed(unchecked(o))],
  ['randomBlocks', (o) => randomBlocks(unchecked(o))],
  ['blockSparse', (o) => blockSparse(unchecked(o))],
  ['where', (o) => where(checkOptions('where', o, { expression: anything }).expression ?? null)],
  ['and', (o, depth) => andAll(children('and', o, depth))],
  ['or', (o, depth) => orAll(children('or', o, depth))],
  ['not', (o, depth) => not(decode(checkOptions('not', o, OF).of, depth + 1))],
  ['perHead', (o, depth) => perHead(children('perHead', o, depth))],
]);

/** Deeper nests are refused, so that no input can exhaust the stack. */
const DEEPEST = 32;

/**
 * Reads a pattern from the JSON that `pattern.toJSON()` returns. The `key` of both patterns is equal.
 *
 * Errors: `INVALID_PATTERN` for an unknown type, an unknown or missing option, a wrong value, or more than 32
 * levels.
 *
 * @example
 * patternFromJson({ type: 'slidingWindow', before: 256, after: 256 });
 */
export function patternFromJson(json: unknown): Pattern {
  try {
    return decode(json, 0);
  } catch (cause) {
    if (cause instanceof AttnError) throw cause;
    throw invalidPattern('a pattern to be an object that can be read', json);
  }
}

function decode(json: unknown, depth: number): Pattern {
  if (depth > DEEPEST) throw invalidPattern('patterns to be nested', `more than ${DEEPEST} levels`);
  if (!isObject(json)) throw invalidPattern('a pattern to be an object with a type', json);
  const { type, ...options } = json;
  const decoder = typeof type === 'string' ? DECODERS.get(type) : undefined;
  if (decoder === undefined)
    throw invalidPattern(`a pattern's type to be one of ${[...DECODERS.keys()].join(', ')}`, type);
  return decoder(options, depth);
}

function children(type: string, options: JsonObject, depth: number): readonly Pattern[] {
  const { of } = checkOptions(type, options, OF);
  if (!Array.isArray(of)) throw invalidPattern(`${type}'s of to be a list of patterns`, of);
  return of.map((child) => decode(child, depth + 1));
}

function nothing(type: string, options: JsonObject, make: () => Pattern): Pattern {
  checkOptions(type, options, {});
  return make();
}

/** Options of the right type, as far as TypeScript knows: every constructor checks them at run time. */
function unchecked<T>(options: unknown): T {
  return options as T;
}

function isObject(json: unknown): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}
