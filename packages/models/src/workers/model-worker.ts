/** The script of a worker thread: it loads a model without its tokenizer, and runs batches of it. */
import { parentPort, workerData } from 'node:worker_threads';
import { AttnError, type Attn } from '@attn/core';
import { toWire } from '@attn/core/backend';
import { GraphRuns } from '../graph/graph-runs.ts';
import { storeAt } from '../files/store-at.ts';
import { loadNetwork } from '../load-network.ts';
import { defaultAttn } from '../tasks/default-attn.ts';
import type { Model } from '../model.ts';
import type { BatchRequest, BatchResult, Request, Response, WorkerStart } from './messages.ts';

const WHERE = 'models/worker';

if (parentPort === null) throw new AttnError('INTERNAL', WHERE, 'this is the script of a worker thread');
const port = parentPort;

/** What was loaded. */
interface Loaded {
  readonly attn: Attn;
  readonly model: Model;
  readonly runs: GraphRuns;
}

/** What runs batches with a head of words, by the words. */
const wordRuns = new Map<string, GraphRuns>();

/** The batch that runs, or the last one. */
let controller = new AbortController();
let work: Promise<void> = Promise.resolve();

const send = (response: Response, transfer: readonly ArrayBuffer[] = []): void =>
  port.postMessage(response, transfer);

async function load({ place, backend, threads, loading }: WorkerStart): Promise<Loaded> {
  const attn = await defaultAttn(WHERE, { backends: [backend], threads, weightsInPlace: true });
  const [probe] = attn.probe();
  if (!probe.available) {
    const message = `backend ${backend} is not available: ${probe.reason}`;
    throw new AttnError('BACKEND_UNAVAILABLE', WHERE, message);
  }
  const { model } = await loadNetwork(storeAt(place), { ...loading, fastestInputs: attn.fastestInputs() });
  return { attn, model, runs: new GraphRuns(attn, model) };
}

/** What runs batches of the model, with a head of these words if there are any. */
function runsOf({ model, runs }: Loaded, words: readonly number[] | undefined): GraphRuns {
  if (words === undefined || model.wordModel === undefined) return runs;
  const key = words.join();
  const own = wordRuns.get(key) ?? runs.wordRuns(model.wordModel(words));
  wordRuns.set(key, own);
  return own;
}

async function run(loaded: Loaded, { batch, words, backend, wantsProgress }: BatchRequest): Promise<void> {
  try {
    const result = await runsOf(loaded, words).runBatch(batch, {
      backend,
      signal: controller.signal,
      ...(wantsProgress && { onProgress: (progress) => send({ type: 'progress', progress }) }),
    });
    sendResult(result);
  } catch (error) {
    send({ type: 'failed', error: toWire(error, 'models') });
  }
}

/** Hands the outputs over without a copy, where the memory is the outputs' alone. */
function sendResult({ outputs, backend }: BatchResult): void {
  const buffers = Object.values(outputs).flatMap(({ data: { buffer, byteLength } }) =>
    buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : [],
  );
  const response: Response = { type: 'done', outputs, backend };
  try {
    send(response, [...new Set(buffers)]);
  } catch {
    send(response); // memory of a native library, which cannot be handed over
  }
}

const loaded = load(workerData as WorkerStart);
port.on('message', (request: Request) => {
  switch (request.type) {
    case 'run':
      controller = new AbortController();
      work = loaded.then((model) => run(model, request));
      return;
    case 'abort':
      controller.abort();
      return;
    case 'end':
      void end();
      return;
    default:
      request satisfies never;
  }
});

/** Ends the thread: what runs is aborted, and what the backend holds is let go. */
async function end(): Promise<void> {
  controller.abort();
  await work;
  await loaded.then(
    ({ attn }) => attn.dispose(),
    () => {},
  );
  process.exit();
}

try {
  const { attn } = await loaded;
  send({ type: 'ready', fastestInputs: attn.fastestInputs() });
} catch (error) {
  send({ type: 'unready', error: toWire(error, 'models') });
  port.close(); // nothing is left that keeps the thread
}
