/** A model with everything that running it on texts takes: what `encode` and `generate` work with. */
import type { GraphRuns } from './graph/graph-runs.ts';
import type { Model } from './model.ts';
import type { TextTokenizer } from './tokenizer.ts';

/** A model, its tokenizer if there is one, and its compiled graphs. */
export interface RunnableModel {
  readonly model: Model;
  readonly tokenizer: TextTokenizer | undefined;
  readonly graphs: GraphRuns;
}
