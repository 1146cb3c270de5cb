/** `attn serve`: a model behind an HTTP server, until it is interrupted. */
import { once } from 'node:events';
import { show } from '@attn/core/backend';
import { Encoder, loadModel, PairScorer, type NodeLoadOptions, type WeightForm } from '@attn/models/node';
import { createServer, type ServeOptions } from '@attn/serve';
import { badArgument, integer, isSet, text, type Options } from '../args.ts';
import { BACKEND_HELP, readBackend } from '../backends.ts';
import type { Command, Context } from '../command.ts';
import { MODEL_OPTIONS, readLoading, readSource } from '../model.ts';
import { withSite, WORKERS_OPTION } from '../site.ts';
import { duration } from '../terminal/format.ts';
import { fields } from '../terminal/table.ts';

/** The command. */
export const serve: Command = {
  name: 'serve',
  summary: 'Serve a model over HTTP: embeddings as in OpenAI’s API, reranking, tokens',
  options: [
    ...MODEL_OPTIONS,
    ['--port <number>', 'Where it listens; 0 for any that is free (default: 8080)'],
    ['--host <address>', '0.0.0.0 for all machines (default: 127.0.0.1, this machine alone)'],
    [
      '--api-key <keys>',
      'Keys, with commas between them, of which requests need one (default: ATTN_API_KEY)',
    ],
    ['--name <name>', 'What the model is called in requests (default: --model)'],
    ['--dtype <form>', 'How weights are kept: f32, q8 or q4 (default: as the files have them)'],
    ['--no-normalize', 'Vectors as the model makes them, not scaled to length 1'],
    ['--split-long', 'Windows of texts that are too long, where the folder says that they are cut'],
    ['--refuse-long', 'Refuse texts that are too long'],
    ['--max-queue <count>', 'Most inputs that wait; beyond, requests are refused with 429 (default: 8192)'],
    ['--max-inputs <count>', 'Most inputs of a request (default: 2048)'],
    ['--max-tokens <count>', 'Most tokens of a request (default: 300000)'],
    ['--max-body <bytes>', 'Most bytes of a request (default: 8388608)'],
    WORKERS_OPTION,
    ['--backend <name>', BACKEND_HELP],
    ['--progress', 'Show progress on stderr even where it is not a terminal'],
  ],
  examples: [
    'serve --model sentence-transformers/all-MiniLM-L6-v2',
    'serve --model ./reranker --host 0.0.0.0 --port 80 --api-key "$KEY"',
  ],
  run: runServe,
};

async function runServe(options: Options, context: Context): Promise<void> {
  const source = readSource(options);
  const backend = readBackend(options);
  const { signal, progress, warn } = context;
  const [port, host] = [integer(options, 'port', { least: 0, most: 65_535 }), text(options, 'host')];
  const serving = { ...readServing(options), backend, onWarning: warn };
  const { name = source } = serving;
  const dtype = readDtype(options);

  await withSite(options, context, async (site) => {
    const start = performance.now();
    await using model = await readServed(source, { ...readLoading(options, context, site.loading), dtype });
    await using server = createServer(model, { ...serving, name });
    const url = await server.listen({ port, host });
    progress.clear();
    const loadMs = performance.now() - start;
    const { architecture } = model.network;
    context.printJson({ url, name, architecture, loadMs });
    context.print(
      fields([
        ['model', architecture],
        [
          'serving',
          model instanceof Encoder ? '/v1/embeddings, /v1/rerank, /tokenize' : '/v1/rerank, /tokenize',
        ],
        ['time', `loaded in ${duration(loadMs)}`],
        ['address', `${url} (Ctrl-C to stop)`],
      ]),
    );
    if (!signal.aborted) await once(signal, 'abort');
    context.print('answering what has arrived');
    await server.close();
    const ran = site.ran();
    if (ran !== undefined) context.print(`ran on ${ran.backend} (${ran.why})`);
  });
}

/** The model, with its head where it scores pairs, and without it otherwise. Errors: `UNSUPPORTED`. */
async function readServed(source: string, loading: NodeLoadOptions): Promise<Encoder | PairScorer> {
  const model = await loadModel(source, loading);
  if (model instanceof Encoder || model instanceof PairScorer) return model;
  await model[Symbol.asyncDispose]();
  return loadModel(source, { ...loading, for: 'encode' });
}

const FORMS = ['f32', 'q8', 'q4'] as const;

/** Reads the form of weights. Errors: `INVALID_ARGUMENT`. */
function readDtype(options: Options): WeightForm | undefined {
  const name = text(options, 'dtype');
  const form = FORMS.find((each) => each === name);
  if (name === undefined || form !== undefined) return form;
  throw badArgument(`--dtype must be ${FORMS.join(', ')}, got ${show(name)}`);
}

/** Reads what goes to the server as it is. Errors: `INVALID_ARGUMENT`. */
function readServing(options: Options): ServeOptions {
  const [isSplit, isRefused] = ['splitLong', 'refuseLong'].map((name) => isSet(options, name));
  if (isSplit && isRefused) throw badArgument('--split-long contradicts --refuse-long');
  const keys = text(options, 'apiKey') ?? (process.env.ATTN_API_KEY || undefined);
  const apiKeys = keys?.split(',').map((key) => key.trim());
  if (apiKeys?.includes(''))
    throw badArgument('--api-key must be keys with commas between them, got an empty one');
  return {
    name: text(options, 'name'),
    apiKeys,
    normalize: options.normalize !== false,
    onLongText: isRefused ? 'throw' : isSplit ? 'split' : undefined,
    maxQueue: integer(options, 'maxQueue'),
    maxInputs: integer(options, 'maxInputs'),
    maxTokens: integer(options, 'maxTokens'),
    maxBody: integer(options, 'maxBody'),
  };
}
