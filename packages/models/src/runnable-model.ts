/** A model with everything that running it on texts takes: what `encode`, `generate` and tasks work with. */
import type { ModelRuns } from './graph/model-runs.ts';
import type { Model } from './model.ts';
import type { FolderSettings } from './sentence/settings.ts';
import type { TextTokenizer } from './tokenizer.ts';

/** A model, its tokenizer if there is one, its compiled graphs, and what its files say beside. */
export interface RunnableModel {
  readonly model: Model;
  readonly tokenizer: TextTokenizer | undefined;
  readonly graphs: ModelRuns;
  readonly settings: FolderSettings;
}
