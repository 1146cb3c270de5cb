/** Tokenizers: characters a second against another library, and the longest step of long texts. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { mulberry32 } from '@attn/core/backend';
import { tokenizerFromFiles, type Tokenizer } from '@attn/tokenizers';
import { Tokenizer as Peer } from '@huggingface/tokenizers';
import { interleaved, ratio, type Timing } from '../measure.ts';
import type { Suite, SuiteOptions, Table } from '../suite.ts';

const ROOT = new URL('../../../../', import.meta.url);

/** Folders of the goldens of `@attn/tokenizers`, by what their models are. */
const MODELS: Readonly<Record<string, string>> = {
  modernbert: 'byte-level BPE',
  qwen: 'byte-level BPE, pattern of Qwen',
  'bert-default': 'WordPiece',
  t5: 'Unigram',
  gemma: 'BPE of whole texts',
};

/** Makes ids of some texts. */
type Encoder = () => readonly (readonly number[])[];

type Cells = Table['rows'][number];

const PEER = '@huggingface/tokenizers';

/** Characters of the texts of the second table, which are about a million tokens each. */
const LONG = 2_000_000;

export const tokenizersSuite: Suite = {
  name: 'tokenizers',
  describes: 'characters a second beside @huggingface/tokenizers, and the longest step of long texts',
  run: async (options) => [await speed(options), longestSteps(options)],
};

async function speed(options: SuiteOptions): Promise<Table> {
  const book = readText('apps/cli/data/moby-dick.txt').slice(0, options.quick ? 100_000 : undefined);
  const han = ideographs(book.length / 4);
  const texts: Readonly<Record<string, readonly string[]>> = {
    'Moby-Dick, whole': [book],
    'Moby-Dick, paragraphs': book.split('\n\n'),
    'Moby-Dick, words': book.slice(0, book.length / 10).split(/\s+/),
    'ideographs, whole': [han],
    'ideographs, sentences': han.split('。'),
  };
  const rows: Table['rows'][number][] = [];
  for (const [id, model] of Object.entries(MODELS)) {
    const json = tokenizerJson(id);
    const own = tokenizerFromFiles({ 'tokenizer.json': JSON.stringify(json) });
    const peer = new Peer(json, {});
    for (const [what, list] of Object.entries(texts)) {
      options.log(`tokenizers: ${model}, ${what}`);
      const characters = list.reduce((sum, text) => sum + text.length, 0);
      const row = await beside(
        () => list.map((text) => own.encode(text).ids),
        () => list.map((text) => peer.encode(text).ids),
        characters,
        options.rounds,
      );
      rows.push({ model, texts: what, ...row });
    }
  }
  const note =
    'One thread, warm; vocabularies of some hundreds of tokens. Ours finds the place of every token, too. Ids differ where the other library knows no byte fallback.';
  return { title: 'Tokenizers', note, rows };
}

/** The cells of our tokenizer and of the other one, which may fail. */
async function beside(own: Encoder, peer: Encoder, characters: number, rounds: number): Promise<Cells> {
  const rate = ({ median }: Timing): number => characters / median / 1_000;
  let ids: readonly (readonly number[])[];
  try {
    ids = peer();
  } catch (error) {
    const { own: alone } = await interleaved({ own }, rounds);
    const reason = error instanceof Error ? error.message : String(error);
    return { 'M characters/s': rate(alone), [PEER]: `fails: ${reason}`, times: '', 'same ids': '' };
  }
  const same = sameShare(own(), ids);
  const timings = await interleaved({ own, peer }, rounds);
  return {
    'M characters/s': rate(timings.own),
    [PEER]: rate(timings.peer),
    times: ratio(timings.peer, timings.own),
    'same ids': `${(100 * same).toFixed(same === 1 ? 0 : 1)} %`,
  };
}

/** The share of texts with the same ids. */
function sameShare(a: readonly (readonly number[])[], b: readonly (readonly number[])[]): number {
  return a.filter((ids, i) => ids.join() === b[i].join()).length / a.length;
}

function longestSteps({ rounds, quick, log }: SuiteOptions): Table {
  const book = readText('apps/cli/data/moby-dick.txt');
  const length = quick ? LONG / 10 : LONG;
  const english = book.repeat(Math.ceil((2 * length) / book.length));
  const texts: Readonly<Record<string, string>> = {
    'Moby-Dick, again and again': english.slice(0, length),
    'the same without white space': english.replace(/\s/g, '').slice(0, length),
    ideographs: ideographs(length / 5),
    'one letter': 'a'.repeat(length / 2),
  };
  const rows: Table['rows'][number][] = [];
  for (const [id, model] of Object.entries(MODELS)) {
    const tokenizer = tokenizerFromFiles({ 'tokenizer.json': JSON.stringify(tokenizerJson(id)) });
    for (const [what, text] of Object.entries(texts)) {
      log(`tokenizers: steps of ${model}, ${what}`);
      const runs = Array.from({ length: rounds }, () => steps(tokenizer, text));
      const best = (key: 'longest' | 'whole'): number => Math.min(...runs.map((run) => run[key]));
      rows.push({
        model,
        text: what,
        characters: text.length,
        tokens: runs[0].tokens,
        ms: best('whole'),
        'longest step, ms': best('longest'),
      });
    }
  }
  const note = `Texts of about a million tokens through encodeSteps, with the collection of garbage; the best of ${rounds} rounds. Target: no step over 50 ms.`;
  return { title: 'Longest step of a tokenizer', note, rows };
}

function steps(
  tokenizer: Tokenizer,
  text: string,
): { readonly tokens: number; readonly whole: number; readonly longest: number } {
  const all = tokenizer.encodeSteps(text);
  const start = performance.now();
  let longest = 0;
  for (;;) {
    const before = performance.now();
    const step = all.next();
    const now = performance.now();
    longest = Math.max(longest, now - before);
    if (step.done) return { tokens: step.value.ids.length, whole: now - start, longest };
  }
}

/** Ideographs in sentences, about a tenth of them marks. */
function ideographs(length: number): string {
  const random = mulberry32(1);
  const characters: string[] = [];
  for (let i = 0; i < length; i++) {
    const mark = i % 53 === 52 ? '。' : i % 17 === 16 ? '，' : undefined;
    characters.push(mark ?? String.fromCharCode(0x4e00 + (random() % 3_000)));
  }
  return characters.join('');
}

/** The tokenizer.json of a folder, or for a vocab.txt what Hugging Face makes of it. */
function tokenizerJson(id: string): object {
  const folder = `packages/tokenizers/goldens/models/${id}`;
  if (id !== 'bert-default') return JSON.parse(readText(`${folder}/tokenizer.json`)) as object;
  const vocab: Record<string, number> = {};
  for (const [line, token] of readText(`${folder}/vocab.txt`).trimEnd().split('\n').entries())
    vocab[token] = line;
  const special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  return {
    added_tokens: special.map((content) => ({ id: vocab[content], content, ...flags })),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'BertProcessing',
      sep: ['[SEP]', vocab['[SEP]']],
      cls: ['[CLS]', vocab['[CLS]']],
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab,
    },
  };
}

function readText(path: string): string {
  return readFileSync(fileURLToPath(new URL(path, ROOT)), 'utf8');
}
