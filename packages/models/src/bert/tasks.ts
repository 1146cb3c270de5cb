/** What the models of BERT's kin are for, as the ends of their classes' names say it. */
import { checkArchitecture } from '../checkpoint/common-fields.ts';

/** What a model computes of the states of its tokens. */
export type BertTask =
  | 'states'
  | 'maskedLm'
  | 'preTraining'
  | 'nextSentence'
  | 'sequence'
  | 'token'
  | 'answer'
  | 'choice';

const ENDS: Readonly<Record<BertTask, string>> = {
  states: 'Model',
  maskedLm: 'ForMaskedLM',
  preTraining: 'ForPreTraining',
  nextSentence: 'ForNextSentencePrediction',
  sequence: 'ForSequenceClassification',
  token: 'ForTokenClassification',
  answer: 'ForQuestionAnswering',
  choice: 'ForMultipleChoice',
};

/** Tasks that all of BERT's kin have. */
export const COMMON_TASKS: readonly BertTask[] = [
  'states',
  'maskedLm',
  'sequence',
  'token',
  'answer',
  'choice',
];

/** The classes of one kind of model. */
export interface Classes {
  /** How their names can begin, the usual beginning first. */
  readonly begins: readonly string[];
  readonly tasks: readonly BertTask[];
}

/** The class of a model and its task; by default the class without a head. Errors: `UNSUPPORTED`. */
export function readClass(
  where: string,
  name: string | undefined,
  { begins, tasks }: Classes,
): { readonly architecture: string; readonly task: BertTask } {
  const all = begins.flatMap((begin) => tasks.map((task) => ({ architecture: begin + ENDS[task], task })));
  const names = all.map(({ architecture }) => architecture);
  const architecture = checkArchitecture(where, name ?? names[0], names);
  return { architecture, task: all[names.indexOf(architecture)].task };
}
