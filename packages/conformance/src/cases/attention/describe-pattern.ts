/**
 * The part of a case's id that names its pattern. It is made from the pattern's
 * JSON: `window=64;dilation=2`, `window=4+global=0,9`, `(window=4+sinks=2)&causal`.
 * `+` is `or`, `&` is `and`, `-` before a pattern is `not`.
 */
import type { Json, JsonObject, Pattern } from '@attn/core';
import { seedOf } from '../../data.ts';

/** A short name without spaces; different for different patterns. */
export function describePattern(pattern: Pattern): string {
  return describe(pattern.toJSON());
}

function describe({ type, ...options }: JsonObject): string {
  switch (type) {
    case 'slidingWindow': {
      const { before, after, dilation } = options;
      const reach = before === after ? text(before) : `${text(before)},${text(after)}`;
      return `window=${reach}${dilation === undefined ? '' : `;dilation=${text(dilation)}`}`;
    }
    case 'globalTokens': {
      const { indices, mask, symmetric } = options;
      const which = indices !== undefined ? text(indices) : mask !== undefined ? bits(mask) : 'input';
      return `global=${which}${symmetric === false ? ';asymmetric' : ''}`;
    }
    case 'keyPadding': {
      const { lengths, mask } = options;
      return `padding=${lengths !== undefined ? text(lengths) : mask !== undefined ? bits(mask) : 'input'}`;
    }
    case 'segments':
      return `segments=${options.ids === undefined ? 'input' : text(options.ids)}`;
    case 'sinks':
      return `sinks=${text(options.count)}`;
    case 'or':
      return children(options.of, ['&']).join('+');
    case 'and':
      return children(options.of, ['+']).join('&');
    case 'not':
      return `-${part(options.of, ['+', '&'])}`;
    case 'perHead':
      return `heads=${children(options.of, []).join('|')}`;
    default: {
      const parts = Object.entries(options).map(([name, value]) => `${name}=${text(value)}`);
      return [String(type), ...parts].join(';');
    }
  }
}

/** Names of the parts of a composition, in parentheses where another reading would be possible. */
function children(list: Json | undefined, looser: readonly string[]): string[] {
  return (Array.isArray(list) ? list : []).map((child) => part(child, looser));
}

function part(child: Json | undefined, looser: readonly string[]): string {
  const name = describe(child as JsonObject);
  return [';', ...looser].some((mark) => name.includes(mark)) ? `(${name})` : name;
}

/** Longest text that is not replaced by its hash. */
const LONGEST = 40;

/** A value as text. Long texts, such as block layouts, become a hash. */
function text(value: Json | undefined): string {
  const isFlat = Array.isArray(value) && value.every((item) => typeof item === 'number');
  const full = isFlat ? value.join(',') : typeof value === 'object' ? JSON.stringify(value) : String(value);
  return full.length <= LONGEST && !/\s/.test(full) ? full : `#${seedOf(full).toString(16)}`;
}

/** A mask as digits, row after row. */
function bits(mask: Json | undefined): string {
  const rows = Array.isArray(mask) && Array.isArray(mask[0]) ? mask : [mask];
  const digits = rows.map((row) => (Array.isArray(row) ? row.join('') : '')).join('/');
  return digits.length <= LONGEST ? digits : `#${seedOf(digits).toString(16)}`;
}
