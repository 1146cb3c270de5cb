/** The ways in which questions and contexts are given. */
import { AttnError } from '@attn/core';
import { anything, checkArgument, checkOptions, show, type Kind, type OptionKinds } from '@attn/core/backend';

/** A question, and the text in which the answer is looked for. */
export interface QuestionInput {
  readonly question: string;
  readonly context: string;
}

const someText: Kind = {
  expected: 'a text that is not empty',
  test: (value) => typeof value === 'string' && value !== '',
};

const FIELDS: OptionKinds<QuestionInput> = { question: anything, context: anything };

/** Reads one input. Errors: `INVALID_ARGUMENT`. */
export function readQuestion(where: string, value: unknown, name: string): QuestionInput {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const message = `${name} must be { question, context }, got ${show(value)}`;
    throw new AttnError('INVALID_ARGUMENT', where, message);
  }
  const { question, context } = checkOptions(where, value as QuestionInput, FIELDS, { name });
  checkArgument(where, `question of ${name}`, question, someText);
  checkArgument(where, `context of ${name}`, context, someText);
  return { question, context };
}

/** The arguments of a call. */
export interface QuestionCall<Options> {
  readonly inputs: readonly unknown[];
  /** Whether there is a list of answers, one for each input. */
  readonly isList: boolean;
  readonly options: Options | undefined;
}

/**
 * Reads the arguments of a call: a question and a context, lists of them, of which one may be a single text,
 * or inputs `{ question, context }`. Errors: `INVALID_ARGUMENT` for a question without a context, or lists of
 * different lengths.
 */
export function readCall<Options>(
  where: string,
  [first, second, third]: readonly unknown[],
): QuestionCall<Options> {
  const fail = (message: string): never => {
    throw new AttnError('INVALID_ARGUMENT', where, message);
  };
  const hasContexts = typeof second === 'string' || Array.isArray(second);
  if (typeof first === 'string' && !hasContexts)
    fail(`the question ${show(first)} needs a context: a text or a list of texts, got ${show(second)}`);
  const isList = Array.isArray(first);
  if (!hasContexts || isInput(isList ? first[0] : first))
    return { inputs: isList ? first : [first], isList, options: second as Options };
  const lengths = [first, second].flatMap((value) => (Array.isArray(value) ? [value.length] : []));
  if (lengths.length === 2 && lengths[0] !== lengths[1])
    fail(`there must be as many contexts as questions, got ${lengths[1]} for ${lengths[0]}`);
  const at = (value: unknown, i: number): unknown => (Array.isArray(value) ? (value[i] as unknown) : value);
  const inputs = Array.from({ length: lengths[0] ?? 1 }, (_, i) => ({
    question: at(first, i),
    context: at(second, i),
  }));
  return { inputs, isList: lengths.length > 0, options: third as Options };
}

/** Whether it is an input by itself, and no question beside a context. */
function isInput(value: unknown): boolean {
  try {
    return typeof value === 'object' && value !== null && Object.hasOwn(value, 'question');
  } catch {
    return false; // a hostile object
  }
}
