/**
 * What is published about the other encoders: the numbers of huggingface/transformers
 * (tests/models/<family>), and those that the cards of models print. Where there are none, outputs must have
 * their shape and be finite.
 */
import { PrivacyFilter, type TokenBatch } from '@attn/models/node';
import type { HubModel } from './check.ts';
import { corner, finite, output, similarities, tokenizerOf } from './checks.ts';

/** The row of ids that transformers' tests of many models share. */
const IDS = [0, 345, 232, 328, 740, 140, 1695, 69, 6078, 1588, 2];

/** A batch of this row, whose first token is masked. */
const MASKED: TokenBatch = { inputIds: [IDS], attentionMask: [IDS.map((_, i) => Number(i > 0))] };

/** The four words that transformers' tests of BigBird repeat. */
const REPEATED = Array.from({ length: 1_024 }, () => [20920, 232, 328, 1437]).flat();

/**
 * States of jina-embeddings-v3 by task, as transformers' tests have them; without one, no adapter takes part.
 */
const JINA: readonly (readonly [task: string | undefined, numbers: readonly number[]])[] = [
  [undefined, [-2.1561, 1.8075, -0.1943, -2.0813, 1.9855, -0.276, -2.1181, 2.0043, -0.1322]],
  ['retrieval.query', [-1.5202, 2.4074, -0.9706, -1.5279, 2.4025, -1.1237, -1.5252, 2.6143, -0.9416]],
  ['retrieval.passage', [-1.0778, 1.8124, -0.8223, -1.3796, 1.8108, -0.9868, -1.1073, 1.9459, -0.8104]],
  ['separation', [-2.3134, 1.9034, 0.1885, -2.1804, 1.9923, 0.1184, -2.2325, 2.0251, 0.2533]],
  ['classification', [-1.9793, 2.2602, -0.17995, -1.878, 2.266, -0.21822, -1.9202, 2.4457, -2.2832e-4]],
  ['text-matching', [-1.6952, 1.8568, -0.2258, -1.6239, 1.9056, -0.2681, -1.5218, 1.8185, 0.0062]],
];

/** Labels of the tokens of the sentence that transformers' test of the privacy filter has. */
const FILTERED: readonly string[] = [
  ['O', 3],
  ['B-private_person', 1],
  ['E-private_person', 1],
  ['O', 4],
  ['B-private_email', 1],
  ['I-private_email', 7],
  ['E-private_email', 1],
  ['O', 1],
].flatMap(([label, count]) => new Array<string>(Number(count)).fill(String(label)));

/** Encoders that are not Longformers, and heads of theirs. */
export const ENCODERS: readonly HubModel[] = [
  {
    id: 'microsoft/mpnet-base',
    architecture: 'MPNetModel',
    checks: [
      output(
        'states of 11 tokens',
        'last_hidden_state',
        { inputIds: [IDS] },
        corner(3),
        [-0.055, 0.1943, -0.074, -0.0562, 0.2211, -0.0579, -0.0437, 0.3337, -0.0641],
      ),
    ],
  },
  {
    id: 'almanach/camembert-base',
    architecture: 'CamembertModel',
    checks: [
      output(
        'states of 10 tokens',
        'last_hidden_state',
        { inputIds: [[5, 121, 11, 660, 16, 730, 25543, 110, 83, 6]] },
        corner(3),
        [-0.0254, 0.0235, 0.1027, 0.0606, -0.1811, -0.0418, -0.1561, -0.1127, 0.2687],
      ),
    ],
  },
  {
    id: 'nomic-ai/nomic-embed-text-v1.5',
    architecture: 'NomicBertModel',
    checks: [
      {
        what: 'states of two sentences',
        expected: {
          numbers: [1.7039, -4.561, 1.5236, 1.8685, -3.6936, 1.6641, 0.53303, -4.2081, 2.3375],
          atol: 1e-3,
          rtol: 1e-3,
        },
        values: async (model) => {
          const ids = [...tokenizerOf(model).encode('Plants create oxygen.').ids];
          const { last_hidden_state: states } = await model.run({ inputIds: [ids] });
          return corner(3, 1)(states);
        },
      },
    ],
  },
  {
    id: 'nomic-ai/nomic-bert-2048',
    checks: [
      finite('logits', { inputIds: [[101, 1045, 103, 2000, 1996, 3573, 7483, 1012, 102]] }, [1, 9, 30_528]),
    ],
  },
  {
    id: 'jinaai/jina-embeddings-v3',
    checks: JINA.map(([task, numbers]) =>
      output(
        `states of 11 tokens, ${task ?? 'no task'}`,
        'last_hidden_state',
        { ...MASKED, ...(task !== undefined && { task }) },
        corner(3, 1),
        numbers,
        { atol: 1e-4, rtol: 1e-4 },
      ),
    ),
  },
  {
    id: 'jinaai/jina-embeddings-v2-small-en',
    architecture: 'JinaBertModel',
    checks: [finite('last_hidden_state', MASKED, [1, 11, 512])],
  },
  {
    id: 'google/bigbird-roberta-base',
    architecture: 'BigBirdForPreTraining',
    checks: [
      output(
        'logits in a row of 4,096 tokens',
        'prediction_logits',
        { inputIds: [REPEATED] },
        corner(4, 128),
        [
          -0.5583, 0.0475, -0.2508, 7.4423, 0.7409, 1.446, -0.7593, 7.701, 1.915, 3.1395, 5.884, 9.3498,
          -0.1854, -1.464, -2.2052, 3.7968,
        ],
        { atol: 1e-4, rtol: 1e-4 },
      ),
      output(
        'whether the second text follows',
        'seq_relationship_logits',
        { inputIds: [REPEATED] },
        ({ data }) => Array.from(data),
        [46.9465, 47.9517],
        { atol: 1e-4, rtol: 1e-4 },
      ),
    ],
  },
  {
    id: 'google/bigbird-roberta-base',
    architecture: 'BigBirdForPreTraining',
    config: { attention_type: 'original_full' },
    checks: [
      output(
        'logits in a row of 2,048 tokens, each of which sees all',
        'prediction_logits',
        { inputIds: [REPEATED.slice(0, 2_048)] },
        corner(4, 128),
        [
          0.1499, -1.1217, 0.199, 8.4499, -2.7757, -3.0687, -4.8577, 7.5156, 1.5446, 0.1982, 4.3016, 10.4281,
          -1.3705, -4.013, -3.9629, 5.1526,
        ],
        { atol: 1e-4, rtol: 1e-4 },
      ),
      output(
        'whether the second text follows',
        'seq_relationship_logits',
        { inputIds: [REPEATED.slice(0, 2_048)] },
        ({ data }) => Array.from(data),
        [41.4503, 41.2406],
        { atol: 1e-4, rtol: 1e-4 },
      ),
    ],
  },
  {
    id: 'google/embeddinggemma-300m',
    checks: [
      similarities(
        ['Which planet is known as the Red Planet?'],
        [
          "Venus is often called Earth's twin because of its similar size and proximity.",
          'Mars, known for its reddish appearance, is often referred to as the Red Planet.',
          'Jupiter, the largest planet in our solar system, has a prominent red spot.',
          'Saturn, famous for its rings, is sometimes mistaken for the Red Planet.',
        ],
        [0.3011, 0.6359, 0.493, 0.4889],
      ),
    ],
  },
  {
    id: 'Qwen/Qwen3-Embedding-0.6B',
    checks: [
      similarities(
        ['What is the capital of China?', 'Explain gravity'],
        [
          'The capital of China is Beijing.',
          'Gravity is a force that attracts two bodies towards each other. It gives weight to physical objects and is responsible for the movement of planets around the sun.',
        ],
        [0.7646, 0.1414, 0.1355, 0.6],
      ),
    ],
  },
  {
    id: 'Qwen/Qwen3-Reranker-0.6B',
    architecture: 'Qwen3ForCausalLM',
    checks: [finite('logits', { inputIds: [[5, 6, 7, 8]] }, [1, 4, 151_669])],
  },
  {
    id: 'openai/privacy-filter',
    architecture: 'OpenAIPrivacyFilterForTokenClassification',
    checks: [
      {
        what: 'the likeliest label of each of 19 tokens',
        expected: {
          exactly: FILTERED,
        },
        values: async (model) => {
          const text = 'My name is Harry Potter and my email is harry.potter@hogwarts.edu.';
          const { logits } = await model.run({ inputIds: [[...tokenizerOf(model).encode(text).ids]] });
          if (!(model.network instanceof PrivacyFilter)) throw new Error('it is no privacy filter');
          const { labels } = model.network;
          return Array.from({ length: logits.shape[1] }, (_, row) => {
            const scores = Array.from(logits.data.subarray(row * labels.length, (row + 1) * labels.length));
            return labels[scores.indexOf(Math.max(...scores))];
          });
        },
      },
    ],
  },
];
