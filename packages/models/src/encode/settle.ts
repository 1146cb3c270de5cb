/** Answers to inputs some of which are wrong: each of those has its error, and all others their answers. */
import { AttnError } from '@attn/core';

/** What became of an input: its answer, or what is wrong with it. */
export type Settled<Input, Answer> =
  | { readonly input: Input; readonly answer: Answer; readonly error?: undefined }
  | { readonly input: Input; readonly answer?: undefined; readonly error: AttnError };

/** Reads one input, and runs any number of them. */
export interface Answering<Checked, Answer> {
  read(input: unknown): Checked;
  run(inputs: readonly Checked[]): Promise<readonly Answer[]>;
}

/**
 * Answers the inputs of a group. An `AttnError` among the inputs is an input that nobody could read. Errors:
 * those that are no fault of an input.
 */
export async function settleGroup<Input, Checked, Answer>(
  inputs: readonly Input[],
  { read, run }: Answering<Checked, Answer>,
): Promise<readonly Settled<Input, Answer>[]> {
  const readings = inputs.map((input) => settledReading(input, read));
  const good = readings.flatMap((reading) => ('checked' in reading ? [reading.checked] : []));
  const outcomes = await settleRuns(good, run);
  let next = 0;
  return readings.map((reading, i) => {
    return { input: inputs[i], ...('checked' in reading ? outcomes[next++] : reading) };
  });
}

type Reading<Checked> = { readonly checked: Checked } | { readonly error: AttnError };

function settledReading<Checked>(input: unknown, read: (input: unknown) => Checked): Reading<Checked> {
  if (input instanceof AttnError) return { error: input };
  try {
    return { checked: read(input) };
  } catch (error) {
    return { error: faultOfInput(error) };
  }
}

/** What became of a run. */
export type Outcome<Answer> = { readonly answer: Answer } | { readonly error: AttnError };

/**
 * Runs inputs together. Where one is refused, which happens before the model runs, halves run by themselves,
 * until what is refused is one input.
 */
export async function settleRuns<Checked, Answer>(
  inputs: readonly Checked[],
  run: (inputs: readonly Checked[]) => Promise<readonly Answer[]>,
): Promise<readonly Outcome<Answer>[]> {
  if (inputs.length === 0) return [];
  try {
    return (await run(inputs)).map((answer) => ({ answer }));
  } catch (error) {
    const fault = faultOfInput(error);
    if (inputs.length === 1) return [{ error: fault }];
    const middle = inputs.length >> 1;
    const first = await settleRuns(inputs.slice(0, middle), run);
    return [...first, ...(await settleRuns(inputs.slice(middle), run))];
  }
}

/** The error, where an input is at fault. Throws all others. */
function faultOfInput(error: unknown): AttnError {
  if (error instanceof AttnError && error.isInputError) return error;
  throw error;
}
