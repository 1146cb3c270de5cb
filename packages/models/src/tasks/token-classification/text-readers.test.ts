/** From the logits that the original computed to its answers, without any model. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tokenizerFromFiles } from '@attn/tokenizers';
import { describe, expect, test } from 'vitest';
import { readCalibration } from '../../spans/calibration.ts';
import { decodeSpans } from '../../spans/decode-spans.ts';
import type { TextTokenizer, TokenizedText } from '../../tokenizer.ts';
import { SCORE_TOLERANCE, taskFolders } from '../golden-tasks.testing.ts';
import { labelsOf } from '../labels.ts';
import type { Entity } from './index.ts';
import type { Plan } from './options.ts';
import { readerOf } from './text-readers.ts';
import { TextTokens } from './text-tokens.ts';

/** A window as the files have it. */
interface GoldenWindow {
  readonly ids: readonly number[];
  readonly offsets_utf16: readonly (readonly [number, number])[];
  readonly special: readonly number[];
  readonly logits: readonly (readonly number[])[];
}

const PLAN: Plan = {
  strategy: 'none',
  ignored: new Set(['O']),
  stride: undefined,
  tags: 'BI',
  biases: undefined,
  delimiter: undefined,
};

/** What all logits of a text, in one window, become. */
function entitiesOf(
  text: string,
  { ids, offsets, special }: Required<Pick<TokenizedText, 'ids' | 'offsets' | 'special'>>,
  { tokenizer, names }: { readonly tokenizer: TextTokenizer; readonly names: readonly string[] },
  logits: readonly (readonly number[])[],
  plan: Plan,
): readonly Entity[] {
  const sequences = special.map((each) => (each === 1 ? null : 0));
  const tokens = new TextTokens('test', text, { ids, sequences, offsets }, tokenizer);
  const reader = readerOf(tokens, names, plan);
  const parts = [{ from: 0, to: ids.length, at: 0, share: 1 }];
  reader.add({ text: 0, ids, typeIds: undefined, parts, share: 1 }, Float32Array.from(logits.flat()));
  return reader.entities();
}

describe.each(taskFolders('token-classification'))('$name', async ({ path, cases }) => {
  const names = ['config.json', 'tokenizer.json', 'tokenizer_config.json'];
  const files = Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(path, name))] as const)),
  );
  const tokenizer = tokenizerFromFiles(files);
  const config = JSON.parse(files['config.json'].toString());
  const computed = cases
    .map((golden) => ({ ...golden, windows: (golden.windows ?? []) as readonly GoldenWindow[] }))
    .filter(({ windows, options }) => windows.length === 1 && !options.is_split_into_words);

  test.each(computed)('$id', ({ input, options, windows: [window], expected }) => {
    const { ids, special, offsets_utf16: offsets, logits } = window;
    const labels = labelsOf(config, logits[0].length);
    const { aggregation_strategy: strategy = 'none', ignore_labels: ignored = ['O'] } = options;
    const plan = { ...PLAN, strategy, ignored: new Set(ignored as string[]) } as Plan;
    const got = entitiesOf(
      input.text as string,
      { ids, special, offsets },
      { tokenizer, names: labels },
      logits,
      plan,
    );
    const entities = expected as readonly (Entity & {
      readonly start_utf16: number;
      readonly end_utf16: number;
      readonly entity_group_js?: string;
    })[];
    expect(got.map((each) => [each.entity ?? each.entity_group, each.start, each.end])).toEqual(
      entities.map((each) => [
        each.entity ?? each.entity_group_js ?? each.entity_group,
        each.start_utf16,
        each.end_utf16,
      ]),
    );
    for (const [i, { score }] of entities.entries())
      expect(Math.abs(got[i].score - score)).toBeLessThan(SCORE_TOLERANCE);
  });

  test('there are cases with logits', () => expect(computed.length).toBeGreaterThan(0));
});

/** A case of `viterbi` as the files have it. */
interface GoldenPath {
  readonly labels: readonly string[];
  readonly biases: Record<string, number>;
  readonly text: string;
  /** In code points. */
  readonly offsets: readonly (readonly [number, number])[];
  readonly logprobs: readonly (readonly number[])[];
  readonly expected: {
    readonly path: readonly number[];
    readonly spans: readonly {
      readonly label: string;
      readonly token_start: number;
      readonly token_end: number;
      readonly start_utf16: number;
      readonly end_utf16: number;
      readonly text: string;
    }[];
  };
}

describe.each(taskFolders('viterbi'))('$name', async ({ path, cases }) => {
  const nothing: TextTokenizer = { encode: () => ({ ids: [] }), decode: () => '' };

  test.each(cases)('$id', (golden) => {
    const { labels, biases, text, offsets, logprobs, expected } = golden as unknown as GoldenPath;
    const units = [0];
    for (const character of text) units.push(units[units.length - 1] + character.length);
    const tokens = {
      ids: offsets.map((_, i) => i),
      special: offsets.map(() => 0),
      offsets: offsets.map(([start, end]) => [units[start], units[end]] as const),
    };
    const calibration = { operating_points: { default: { biases } } };
    const plan: Plan = { ...PLAN, tags: 'BIES', ignored: new Set(), biases: readCalibration(calibration) };
    const model = { tokenizer: nothing, names: labels };
    const none = entitiesOf(text, tokens, model, logprobs, plan);
    expect(none.map(({ entity = '' }) => labels.indexOf(entity))).toEqual(expected.path);
    none.forEach(({ score }, i) => expect(score).toBeCloseTo(Math.exp(logprobs[i][expected.path[i]]), 4));
    const groups = entitiesOf(text, tokens, model, logprobs, { ...plan, strategy: 'simple' });
    expect(
      groups.map(({ entity_group: label, start, end, word }) => ({ label, start, end, text: word })),
    ).toEqual(
      expected.spans.map(({ label, start_utf16: start, end_utf16: end, text: part }) => ({
        label,
        start,
        end,
        text: part,
      })),
    );
    groups.forEach(({ score }, i) => {
      const { token_start: from, token_end: to } = expected.spans[i];
      const own = none.slice(from, to).map((each) => each.score);
      expect(score).toBeCloseTo(own.reduce((a, b) => a + b, 0) / own.length, 6);
    });
  });

  test('broken sequences', async () => {
    const file = JSON.parse(await readFile(join(path, 'cases.json'), 'utf8')) as {
      readonly broken_sequences: readonly {
        readonly labels: readonly string[];
        readonly spans: readonly (readonly [type: string, from: number, to: number])[];
      }[];
    };
    for (const { labels, spans } of file.broken_sequences) {
      const names = [...new Set(['O', ...labels])];
      const decoded = decodeSpans(
        labels.map((label) => names.indexOf(label)),
        names,
      );
      expect(decoded.map(({ type, start, end }) => [type, start, end])).toEqual(spans);
    }
    expect(file.broken_sequences.length).toBeGreaterThan(5);
  });
});
