/**
 * `npm run quality -- --model FOLDER`: how near the vectors of a model with quantised weights are to those of
 * the model in f32, on texts of this repository or of a folder. `npm run quality -- skipping --model FOLDER`:
 * how much of its attention a bound could leave out.
 */
import { readFileSync } from 'node:fs';
import { createAttn } from '@attn/auto';
import { loadModel, type Encoder, type ReadOptions } from '@attn/models/node';
import { cac } from 'cac';
import { markdownTable } from 'markdown-table';
import { compare, type Material, type Measures, type Vector } from './measures.ts';
import { skippingOf, type SkippingRow } from './model-skipping.ts';
import { OWN, textsIn } from './texts.ts';

interface Flags {
  readonly model?: string;
  readonly goldens?: string;
  readonly dtype?: string | readonly string[];
  readonly activations?: ReadOptions['activations'];
  readonly backend?: string;
  readonly json?: boolean;
}

/** What is measured where no form is given. */
const DTYPES = ['f16', 'bf16', 'q8', 'q4', '{"linear":"q4","embeddings":"q8"}'];

async function quality(flags: Flags): Promise<void> {
  const { model: folder, goldens, activations = 'f32', backend } = flags;
  if (folder === undefined) throw new TypeError('--model is required: the folder or the id of a model');
  const texts = goldens === undefined ? OWN : textsIn(goldens);
  const dtypes = flags.dtype === undefined ? DTYPES : [flags.dtype].flat();
  const attn = await createAttn(backend === undefined ? {} : { backend });
  try {
    const load = (dtype: string): Promise<Encoder> =>
      loadModel(folder, { attn, for: 'encode', dtype: formOf(dtype), activations });
    const exact = await vectorsOf(await load('f32'), texts);
    const rows: (Measures & { readonly dtype: string })[] = [];
    for (const dtype of dtypes) {
      console.error(`measuring ${dtype} …`);
      rows.push({ dtype, ...compare(await vectorsOf(await load(dtype), texts), exact) });
    }
    console.log(flags.json ? JSON.stringify({ activations, rows }) : tableOf(rows));
  } finally {
    await attn.dispose();
  }
}

/** The option `dtype`, of which an object is given as JSON. */
function formOf(text: string): ReadOptions['dtype'] {
  return text.startsWith('{') ? JSON.parse(text) : (text as ReadOptions['dtype']);
}

async function vectorsOf(model: Encoder, texts: Material<string>): Promise<Material<Vector>> {
  const embed = async (list: readonly string[]): Promise<readonly Vector[]> => {
    const { embeddings } = await model.encode([...list]);
    const width = embeddings.shape[1];
    return list.map((_, i) => embeddings.data.subarray(i * width, (i + 1) * width));
  };
  const [left, right] = [
    await embed(texts.pairs.map(([a]) => a)),
    await embed(texts.pairs.map(([, b]) => b)),
  ];
  return {
    texts: await embed(texts.texts),
    pairs: left.map((a, i) => [a, right[i]] as const),
    questions: await embed(texts.questions),
    passages: await embed(texts.passages),
  };
}

function tableOf(rows: readonly (Measures & { readonly dtype: string })[]): string {
  const head = ['dtype', 'cos min', 'cos mean', 'Spearman', 'top-10 overlap', 'same first'];
  const lines = rows.map(({ dtype, cosMin, cosMean, spearman, topTen, sameFirst }) => [
    dtype,
    ...[cosMin, cosMean, spearman].map((number) => number.toFixed(4)),
    ...[topTen, sameFirst].map((number) => number.toFixed(3)),
  ]);
  return markdownTable([head, ...lines], { align: ['l', 'r', 'r', 'r', 'r', 'r'] });
}

/** The text where none is given. */
const NOVEL = new URL('../../../cli/data/moby-dick.txt', import.meta.url);

/** Letters of a piece, of which a model sees the first tokens. */
const PIECE = 40_000;

interface SkippingFlags {
  readonly model?: string;
  readonly text?: string;
  readonly pieces?: number;
  readonly json?: boolean;
}

async function skipping({ model: folder, text: file, pieces = 4, json }: SkippingFlags): Promise<void> {
  if (folder === undefined) throw new TypeError('--model is required: the folder or the id of a model');
  const text = readFileSync(file ?? NOVEL, 'utf8');
  const attn = await createAttn();
  try {
    const model = await loadModel(folder, { attn, for: 'encode' });
    const step = Math.floor(text.length / (pieces + 1));
    const texts = Array.from({ length: pieces }, (_, i) =>
      text.slice((i + 1) * step, (i + 1) * step + PIECE),
    );
    const rows = await skippingOf(model, attn, texts);
    console.log(json ? JSON.stringify(rows) : skippingTable(rows));
  } finally {
    await attn.dispose();
  }
}

function skippingTable(rows: readonly SkippingRow[]): string {
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const head = [
    'tile',
    'keys by',
    'ε',
    'certified',
    'possible',
    'certified, best head',
    'possible, best head',
  ];
  const lines = rows.map(({ rows: height, columns, order, epsilon, mean, most }) => [
    `${height} × ${columns}`,
    order,
    String(epsilon),
    ...[mean.certified, mean.possible, most.certified, most.possible].map(percent),
  ]);
  return markdownTable([head, ...lines], { align: ['l', 'l', 'r', 'r', 'r', 'r', 'r'] });
}

const cli = cac('npm run quality --');
cli
  .command('', 'Compare the vectors of a model with quantised weights with those of the model in f32')
  .option('--model <folder>', 'The folder or the id of a model that encodes texts')
  .option('--goldens <folder>', 'Texts: sentences.json and retrieval.json of this folder (default: own ones)')
  .option('--dtype <dtype>', `f16, bf16, q8, q4 or JSON, also several times (default: ${DTYPES.join(', ')})`)
  .option('--activations <form>', 'f32, integer or int8 (default: f32)')
  .option('--backend <name>', 'The backend that computes (default: the fastest)')
  .option('--json', 'Print JSON instead of a table')
  .action(quality);
cli
  .command('skipping', 'Count the tiles of attention that a bound could leave out, on pieces of a text')
  .option('--model <folder>', 'The folder or the id of a model that encodes texts')
  .option('--text <file>', 'A text (default: Moby-Dick)')
  .option('--pieces <count>', 'How many pieces of it, as long as the model takes (default: 4)')
  .option('--json', 'Print JSON instead of a table')
  .action(skipping);
cli.help();

try {
  cli.parse(process.argv, { run: false });
  await cli.runMatchedCommand();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = error instanceof TypeError || (error as Error).name === 'CACError' ? 2 : 1;
}
