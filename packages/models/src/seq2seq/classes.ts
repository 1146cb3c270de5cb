/** The classes of models with an encoder and a decoder, as the ends of their names say it. */
import { checkArchitecture } from '../checkpoint/common-fields.ts';

/** What a model computes: the states of its decoder, what a head makes of them, or those of its encoder. */
export type Seq2SeqTask = 'states' | 'generation' | 'sequence' | 'answer' | 'encoder';

const ENDS: Readonly<Record<Seq2SeqTask, string>> = {
  states: 'Model',
  generation: 'ForConditionalGeneration',
  sequence: 'ForSequenceClassification',
  answer: 'ForQuestionAnswering',
  encoder: 'Encoder',
};

const TASKS = Object.keys(ENDS) as readonly Seq2SeqTask[];

/**
 * The class of a model and its task; by default the model without a head. `begin` is how the names of its
 * classes begin: `LED`, `Bart`. Errors: `UNSUPPORTED`.
 */
export function readClass(
  where: string,
  name: string | undefined,
  begin: string,
): { readonly architecture: string; readonly task: Seq2SeqTask } {
  const names = TASKS.map((task) => begin + ENDS[task]);
  const architecture = checkArchitecture(where, name ?? begin + ENDS.states, names);
  return { architecture, task: TASKS[names.indexOf(architecture)] };
}
