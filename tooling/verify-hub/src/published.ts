/**
 * What the tests of the originals publish about real models: huggingface/transformers (tests/models/<family>)
 * and allenai/longformer (tests). Both ran PyTorch in f32.
 */
import type { TokenBatch } from '@attn/models/node';
import type { HubModel } from './check.ts';
import { corner, crossEntropy, ofText, output, sumAndMean, tokenizerOf, tokens, topWords } from './checks.ts';
import { ENCODERS } from './encoders.ts';

/** The ids of "Hello world!" in other words, as transformers' tests of Longformer repeat them. */
const SHORT_IDS = [0, 20920, 232, 328, 1437, 2];
const LONG_IDS = [0, ...Array.from({ length: 1_000 }, () => [20920, 232, 328, 1437]).flat(), 2];

/** "Hello world! cécé herlolip 418" */
const ROBERTA_IDS = [0, 31414, 232, 328, 740, 1140, 12695, 69, 46078, 1588, 2];

/** The eight ids that transformers' tests of LED repeat, for the encoder and for the decoder. */
const LED_IDS = [0, 31414, 232, 328, 740, 1140, 12695, 69];
const LED_BATCH: TokenBatch = {
  inputIds: [Array.from({ length: 512 }, () => LED_IDS).flat()],
  decoderInputIds: [Array.from({ length: 128 }, () => LED_IDS).flat()],
};
const LED_TOLERANCE = { atol: 1e-4, rtol: 1e-4 };

/** A row of ids and its mask, as transformers' tests of BERT and DistilBERT repeat them. */
const BERT_BATCH: TokenBatch = {
  inputIds: [[0, 345, 232, 328, 740, 140, 1695, 69, 6078, 1588, 2]],
  attentionMask: [[0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]],
};

const modernBertBase = 'answerdotai/ModernBERT-base';
const longformerBase = 'allenai/longformer-base-4096';
const CARBS = `My friends are <mask> but they eat too many carbs.${" That's why I decide not to eat with them.".repeat(300)}`;

/** What RoBERTa computes, and so must a Longformer of it. */
const ROBERTA_STATES = output(
  'states of 11 tokens',
  'last_hidden_state',
  { inputIds: [ROBERTA_IDS] },
  corner(3),
  [-0.0231, 0.0782, 0.0074, -0.1854, 0.054, -0.0175, 0.0548, 0.0799, 0.1687],
);

/** All models whose families run here. */
export const PUBLISHED: readonly HubModel[] = [
  {
    id: longformerBase,
    architecture: 'LongformerModel',
    checks: [
      tokens('Hello world!', [0, 31414, 232, 328, 2]),
      tokens('Hello world! cécé herlolip 418', ROBERTA_IDS),
      tokens('A, <mask> AllenNLP sentence.', [0, 250, 6, 50264, 3823, 487, 21992, 3645, 4, 2]),
      output(
        'states of 6 tokens, no global token',
        'last_hidden_state',
        { inputIds: [SHORT_IDS] },
        ({ shape, data }) => Array.from(data.subarray(shape[2] - 5, shape[2])),
        [0.0549, 0.1087, -0.1119, -0.0368, 0.025],
      ),
      output(
        'sum and mean of the states of 4,002 tokens, three of them global',
        'last_hidden_state',
        {
          inputIds: [LONG_IDS],
          globalAttentionMask: [LONG_IDS.map((_, i) => Number([1, 4, 21].includes(i)))],
        },
        sumAndMean,
        [74585.8594, 0.0243],
        { atol: 1e-4, rtol: 1e-4 },
      ),
      {
        what: 'sum of the states of 4,096 tokens, as in the paper’s own code',
        expected: { numbers: [76193.671875], atol: 1e-4, rtol: 1e-4 },
        values: async (model) => {
          const ids = tokenizerOf(model).encode(new Array(1_025).fill('Hello world! ').join(' ')).ids;
          const inputIds = [[...ids.slice(0, 4_095), ids[ids.length - 1]]];
          const attentionMask = [inputIds[0].map((_, i) => ([1, 4, 21].includes(i) ? 2 : 1))];
          const { last_hidden_state: states } = await model.run({ inputIds, attentionMask });
          return sumAndMean(states).slice(0, 1);
        },
      },
    ],
  },
  {
    id: longformerBase,
    architecture: 'LongformerForMaskedLM',
    checks: [
      output(
        'loss, sum and mean of the logits of 4,002 tokens',
        'logits',
        { inputIds: [LONG_IDS] },
        (logits) => [crossEntropy(logits, LONG_IDS), ...sumAndMean(logits)],
        [0.0074, -6.1048e8, -3.0348],
        { atol: 1e-4, rtol: 1e-4 },
      ),
      {
        what: 'the five most likely words at a mask in 2,700 words',
        expected: { exactly: ['healthy', 'skinny', 'thin', 'good', 'vegetarian'] },
        values: (model) => topWords(model, CARBS, 5),
      },
    ],
  },
  {
    id: 'allenai/led-base-16384',
    architecture: 'LEDModel',
    checks: [
      output(
        'states of the decoder, 1,024 tokens after 4,096',
        'last_hidden_state',
        LED_BATCH,
        corner(3),
        [2.305, 2.8279, 0.6531, -1.8457, -0.1455, -3.5661, -1.0186, 0.4586, -2.2043],
        LED_TOLERANCE,
      ),
    ],
  },
  {
    id: 'allenai/led-base-16384',
    architecture: 'LEDForConditionalGeneration',
    checks: [
      output(
        'logits of 1,024 tokens after 4,096',
        'logits',
        LED_BATCH,
        corner(3),
        [33.6507, 6.4572, 16.8089, 5.8739, -2.4238, 11.2902, -3.2139, -4.3149, 4.2783],
        LED_TOLERANCE,
      ),
    ],
  },
  {
    id: 'google-bert/bert-base-uncased',
    architecture: 'BertModel',
    checks: [
      output(
        'states of 11 tokens',
        'last_hidden_state',
        BERT_BATCH,
        corner(3, 1),
        [0.4249, 0.1008, 0.7531, 0.3771, 0.1188, 0.7467, 0.4152, 0.1098, 0.7108],
      ),
    ],
  },
  {
    id: 'distilbert/distilbert-base-uncased',
    architecture: 'DistilBertModel',
    checks: [
      output(
        'states of 11 tokens',
        'last_hidden_state',
        BERT_BATCH,
        corner(3, 1),
        [-0.1639, 0.3299, 0.1648, -0.1746, 0.3289, 0.171, -0.1884, 0.3357, 0.181],
      ),
    ],
  },
  {
    id: 'FacebookAI/roberta-base',
    architecture: 'RobertaModel',
    checks: [ROBERTA_STATES],
  },
  {
    id: 'FacebookAI/roberta-base',
    architecture: 'LongformerModel',
    asLongformer: true,
    checks: [ROBERTA_STATES],
  },
  {
    id: 'FacebookAI/roberta-base',
    architecture: 'LongformerForMaskedLM',
    asLongformer: true,
    checks: [
      output(
        'logits of 11 tokens',
        'logits',
        { inputIds: [ROBERTA_IDS] },
        corner(3),
        [33.8802, -4.3103, 22.7761, 4.6539, -2.8098, 13.6253, 1.8228, -3.6898, 8.86],
      ),
    ],
  },
  {
    id: 'FacebookAI/roberta-large-mnli',
    asLongformer: true,
    checks: [
      output(
        'logits of a pair of sentences',
        'logits',
        { inputIds: [ROBERTA_IDS] },
        ({ data }) => Array.from(data),
        [-0.9469, 0.3913, 0.5118],
      ),
    ],
  },
  {
    id: 'FacebookAI/xlm-roberta-base',
    architecture: 'LongformerModel',
    asLongformer: true,
    checks: [
      output(
        'the last number of each of 12 states',
        'last_hidden_state',
        { inputIds: [[0, 581, 10269, 83, 99942, 136, 60742, 23, 70, 80583, 18276, 2]] },
        ({ shape: [, rows, width], data }) =>
          Array.from({ length: rows }, (_, row) => data[(row + 1) * width - 1]),
        [-0.0101, 0.1218, -0.0803, 0.0801, 0.1327, 0.0776, -0.1215, 0.2383, 0.3338, 0.3106, 0.03, 0.0252],
        { atol: 1e-3 },
      ),
    ],
  },
  {
    id: modernBertBase,
    architecture: 'ModernBertModel',
    checks: [
      ofText(
        'states of five tokens',
        'Hello World!',
        ({ last_hidden_state: states }) => corner(3)(states),
        [0.3151, -0.6417, -0.7027, -0.7834, -1.581, 0.4576, 1.0614, -0.7268, -0.0871],
      ),
    ],
  },
  {
    id: modernBertBase,
    architecture: 'ModernBertForMaskedLM',
    checks: [
      ofText(
        'logits of five tokens',
        'Hello World!',
        ({ logits }) => corner(3)(logits),
        [3.8387, -0.2017, 12.2839, 3.63, 0.6869, 14.7123, -5.1137, -3.8122, 11.9874],
      ),
    ],
  },
  {
    id: 'google/reformer-crime-and-punishment',
    checks: [
      tokens('Hello World!', [126, 32, 262, 152, 38, 72, 287]),
      tokens(
        'This is a very simple sentence.',
        [108, 265, 24, 111, 4, 258, 156, 7, 51, 279, 58, 7, 76, 25, 69, 278],
      ),
      tokens(
        'The quick brown fox jumps over the lazy dog.',
        [
          140, 243, 264, 134, 17, 267, 77, 263, 22, 262, 297, 258, 304, 177, 279, 266, 14, 89, 13, 35, 261,
          299, 272, 137, 275, 278,
        ],
      ),
      tokens(
        'This is a very long text with a lot of weird characters, such as: . , ~ ? ( ) " [ ] ! : - . Also we will' +
          ' add words that should not exsist and be tokenized to <unk>, such as saoneuhaoesuth',
        [
          108, 265, 24, 111, 4, 258, 156, 35, 28, 275, 3, 259, 297, 260, 84, 4, 35, 110, 44, 8, 259, 91, 268,
          21, 11, 209, 274, 109, 266, 277, 117, 86, 93, 315, 258, 278, 258, 277, 258, 0, 258, 288, 258, 319,
          258, 0, 258, 0, 258, 0, 258, 0, 258, 287, 258, 315, 258, 289, 258, 278, 99, 269, 266, 262, 8, 259,
          241, 4, 217, 230, 268, 266, 55, 168, 106, 75, 193, 266, 223, 27, 49, 26, 282, 25, 264, 299, 19, 26,
          0, 258, 277, 117, 86, 93, 176, 183, 270, 11, 262, 42, 61, 265,
        ],
      ),
    ],
  },
  ...ENCODERS,
];
