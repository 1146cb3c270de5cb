/** The kinds of patterns that can be drawn: one for each constructor of `@attn/core`. */
import { formulaCode, namesIn } from './formula-code.ts';
import { FieldError, repeatedLengths, type Field, type PatternKind } from './kind.ts';

const whole = (name: string, label: string, initial: number, least = 0, hint?: string): Field => ({
  name,
  label,
  kind: 'integer',
  initial: String(initial),
  least,
  hint,
});

/** Patterns that are no combinations. */
const SIMPLE = {
  slidingWindow: {
    title: 'Sliding window',
    summary: 'Each query sees the keys around it.',
    fields: [
      whole('before', 'Before', 256),
      whole('after', 'After', 256),
      {
        name: 'dilation',
        label: 'Dilation',
        kind: 'integers',
        initial: '1',
        least: 1,
        hint: 'The distance between the keys of the window: one number, or one for each head.',
      },
    ],
    json: (values) => {
      const dilation = values.integerOrList('dilation');
      const window = {
        type: 'slidingWindow',
        before: values.integer('before'),
        after: values.integer('after'),
      };
      return dilation === 1 ? window : { ...window, dilation };
    },
  },
  globalTokens: {
    title: 'Global tokens',
    summary: 'A few tokens are seen by all, and see everything.',
    fields: [
      { name: 'indices', label: 'Positions', kind: 'integers', initial: '0' },
      {
        name: 'symmetric',
        label: 'They see every key, too',
        kind: 'yes-no',
        initial: 'yes',
      },
    ],
    json: (values) => ({
      type: 'globalTokens',
      indices: values.integers('indices'),
      ...(values.isYes('symmetric') ? {} : { symmetric: false }),
    }),
  },
  causal: {
    title: 'Causal',
    summary: 'No query sees a later key.',
    fields: [],
    json: () => ({ type: 'causal' }),
  },
  full: {
    title: 'Full',
    summary: 'Everybody sees everybody: dense attention.',
    fields: [],
    json: () => ({ type: 'full' }),
  },
  sinks: {
    title: 'Sinks',
    summary: 'Every query sees the first few keys.',
    fields: [whole('count', 'Keys', 4)],
    json: (values) => ({ type: 'sinks', count: values.integer('count') }),
    code: (values) => `sinks(${values.integer('count')})`,
  },
  strided: {
    title: 'Strided',
    summary: 'A query sees the keys just before it, and those at multiples of the stride before.',
    fields: [whole('stride', 'Stride', 64, 1)],
    json: (values) => ({ type: 'strided', stride: values.integer('stride') }),
  },
  fixed: {
    title: 'Fixed',
    summary: 'A query sees its own block, and the tokens that sum up each block before.',
    fields: [whole('stride', 'Block', 128, 1), whole('summary', 'Summary tokens', 8, 1)],
    json: (values) => ({
      type: 'fixed',
      stride: values.integer('stride'),
      summary: values.integer('summary'),
    }),
  },
  randomBlocks: {
    title: 'Random blocks',
    summary: 'Each block of queries sees a few blocks of keys that are drawn by lot.',
    fields: [
      whole('blockSize', 'Tokens a block', 64, 1),
      whole('blocksPerRow', 'Blocks a row', 3),
      whole('seed', 'Seed', 7),
      {
        name: 'heads',
        label: 'Heads',
        kind: 'choice',
        initial: 'different',
        choices: ['different', 'shared'],
      },
    ],
    json: (values) => ({
      type: 'randomBlocks',
      length: values.n,
      blockSize: values.integer('blockSize'),
      blocksPerRow: values.integer('blocksPerRow'),
      seed: values.integer('seed'),
      ...(values.text('heads') === 'shared' ? { heads: 'shared' } : {}),
    }),
  },
  blockSparse: {
    title: 'Block sparse',
    summary: 'A table says which blocks of queries see which blocks of keys.',
    fields: [
      whole('blockSize', 'Tokens a block', 512, 1),
      {
        name: 'layout',
        label: 'Layout',
        kind: 'rows',
        initial: '10000001\n11000000\n01100000\n10110000\n00011000\n10001100\n00000110\n10000011',
        hint: 'A line for each block of queries, a digit for each block of keys.',
      },
    ],
    json: (values) => ({
      type: 'blockSparse',
      blockSize: values.integer('blockSize'),
      layout: values.rows('layout'),
    }),
  },
  segments: {
    title: 'Documents',
    summary: 'Several documents in one row: each sees itself only.',
    fields: [
      {
        name: 'lengths',
        label: 'Lengths',
        kind: 'lengths',
        initial: '1024, 512, 1536',
        least: 1,
        hint: 'Tokens of each document. The last length repeats.',
      },
    ],
    json: (values) => ({ type: 'segments', ids: repeatedLengths(values.integers('lengths'), values.n) }),
    code: (values) => {
      const lengths = values.integers('lengths');
      const ids = repeatedLengths(lengths, values.n);
      const counts = new Map<number, number>();
      for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
      const all = [...counts.values()];
      if (new Set(all.slice(0, -1)).size <= 1 && all.length > 1)
        return `segments({ ids: Array.from({ length: ${values.n} }, (_, i) => Math.floor(i / ${all[0]})) })`;
      return `segments({ ids: [${all.join(', ')}].flatMap((length, id) => new Array<number>(length).fill(id)) })`;
    },
  },
  keyPadding: {
    title: 'Padding',
    summary: 'Keys from this number on are padding, which nobody sees.',
    fields: [whole('length', 'Valid keys', 3072)],
    json: (values) => ({ type: 'keyPadding', lengths: [values.integer('length')] }),
  },
  where: {
    title: 'Formula',
    summary: 'A query sees the keys for which the formula holds.',
    fields: [
      {
        name: 'formula',
        label: 'Formula',
        kind: 'formula',
        initial: 'k <= q && (q - k < 128 || k % 256 == 0)',
        hint: 'With q, k, head, + - * / % (rounding down), < <= == != && || !, a ? b : c, abs, min, max.',
      },
    ],
    json: (values) => ({ type: 'where', expression: values.formula('formula') }),
    code: (values) => {
      const tree = values.formula('formula');
      return `where(({ ${namesIn(tree).join(', ')} }) => ${formulaCode(tree)})`;
    },
  },
} satisfies Record<string, PatternKind>;

/** Patterns that are made of others. */
const COMBINED = {
  or: {
    title: 'Any of',
    summary: 'A query sees what any of the parts allows.',
    fields: [],
    parts: { least: 1, most: 16 },
    json: (_, parts) => ({ type: 'or', of: parts }),
    code: (_, parts) => `or(${parts.join(', ')})`,
  },
  and: {
    title: 'All of',
    summary: 'A query sees what all of the parts allow.',
    fields: [],
    parts: { least: 1, most: 16 },
    json: (_, parts) => ({ type: 'and', of: parts }),
    code: (_, parts) => `and(${parts.join(', ')})`,
  },
  not: {
    title: 'Not',
    summary: 'A query sees what the part forbids.',
    fields: [],
    parts: { least: 1, most: 1 },
    json: (_, [part]) => ({ type: 'not', of: part }),
    code: (_, [part]) => `not(${part})`,
  },
  perHead: {
    title: 'Per head',
    summary: 'Each head has a pattern of its own.',
    fields: [],
    parts: { least: 1, most: 64 },
    json: (_, parts) => ({ type: 'perHead', of: parts }),
    code: (_, parts) => `perHead([${parts.join(', ')}])`,
  },
} satisfies Record<string, PatternKind>;

/** All kinds, by their types. */
export const KINDS: ReadonlyMap<string, PatternKind> = new Map<string, PatternKind>(
  Object.entries({ ...SIMPLE, ...COMBINED }),
);

/** The types of all kinds. */
export const TYPES: ReadonlySet<string> = new Set(KINDS.keys());

/** The kind of a type. Errors: `FieldError` for an unknown type. */
export function kindOf(type: string): PatternKind {
  const kind = KINDS.get(type);
  if (kind === undefined) throw new FieldError('type', `expected a pattern, got ${type}`);
  return kind;
}
