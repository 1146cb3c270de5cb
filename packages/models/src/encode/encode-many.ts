/**
 * From any number of texts to vectors, in constant memory. A bounded window of texts waits; of those, texts
 * of one length run together, whatever their order. The source is asked for more only as texts leave the
 * window. A model with workers runs several batches at once; their results come in the order in which they
 * began.
 */
import { checkArgument, type Kind } from '@attn/core/backend';
import { batchesAhead } from '../graph/model-runs.ts';
import type { RunnableModel } from '../runnable-model.ts';
import { longestRow, prepareCall } from './encode.ts';
import { Flights } from './flights.ts';
import { LengthWindow } from './length-window.ts';
import { splitManyOptions, type EncodeManyOptions, type ManyInput, type ManyResult } from './many-options.ts';
import { PatientSource, type Source } from './patient-source.ts';
import { BATCH_TOKENS } from './run-texts.ts';
import { StreamSteps, WHERE, type BatchOutcome, type WaitingText } from './stream-steps.ts';

/** Most texts that wait, for each worker, where the caller does not say it. */
const LOOK_AHEAD = 512;

/** Most tokens that wait, for each worker, beyond the one text that passes it. */
const WAITING_TOKENS = 262_144;

/** A source that takes so many milliseconds for its next text gets the results of those before it. */
const PATIENCE_MS = 50;

const aSource: Kind = {
  expected: 'an iterable of texts, such as a list or an async generator',
  test: (value) =>
    typeof value === 'object' &&
    value !== null &&
    [Symbol.asyncIterator, Symbol.iterator].some((name) => typeof Reflect.get(value, name) === 'function'),
};

/** Implements `Encoder.encodeMany`. */
export async function* encodeMany(
  runnable: RunnableModel,
  inputs: Source<ManyInput>,
  options: EncodeManyOptions = {},
): AsyncGenerator<ManyResult, void, undefined> {
  const { stream, encoding } = splitManyOptions(WHERE, runnable.model, options);
  const call = prepareCall(WHERE, runnable, encoding);
  checkArgument(WHERE, 'inputs', inputs, aSource);
  const { model, graphs } = runnable;
  const ahead = batchesAhead(graphs);
  const shares = Math.max(1, graphs.workers);
  const { lookAhead = LOOK_AHEAD * shares } = stream;
  const { signal, batchTokens = BATCH_TOKENS } = call.options;
  const source = new PatientSource(inputs);
  const window = new LengthWindow<WaitingText>({
    lengths: { maxLength: model.maxLength, graphLength: model.graphLength?.bind(model) },
    padded: model.takesPadding,
    longest: longestRow(call),
    batchTokens,
    patience: 4 * lookAhead,
  });
  const steps = new StreamSteps(call, stream);
  const flights = new Flights<BatchOutcome>(signal);
  let isSlow = false;
  try {
    while (!source.isOver || window.size > 0 || flights.size > 0) {
      const isFull = window.size + steps.running >= lookAhead || window.tokens >= WAITING_TOKENS * shares;
      if (!isFull && !source.isOver) {
        const patience = window.size === 0 ? (flights.first ?? Infinity) : isSlow ? 0 : PATIENCE_MS;
        const next = await source.nextUntil(signal, WHERE, patience);
        isSlow = next === undefined;
        if (next !== undefined) {
          const waiting = await steps.admit(next.input);
          if (waiting !== undefined) window.add(waiting, waiting.tokenized.ids.length);
          continue;
        }
      }
      const batch = window.take();
      if (batch.length > 0) flights.start((stop) => steps.run(batch, stop));
      if (batch.length > 0 && flights.size < ahead) continue;
      const outcome = await flights.take();
      if (outcome !== undefined) yield* await steps.finish(outcome);
    }
    await steps.report();
  } finally {
    await flights.end();
    await source.close();
  }
}
