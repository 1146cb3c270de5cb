/**
 * Names of tensors as Hugging Face's library has them today, whatever a file calls them: LayerNorm's old
 * names, the prefix of a wrapper, names that a conversion lost because two names shared a storage, and the
 * layouts of the Longformer paper's own repository. Lost names can be asked for, but are not listed.
 */
import { AttnError, type Tensor } from '@attn/core';
import { show } from '@attn/core/backend';
import type { Checkpoint, StoredSpec } from './checkpoint.ts';
import { originalLayout, type Layout } from './original-layouts.ts';

const WHERE = 'models/load';

/** The prefix of a base model's names in checkpoints with a head, by `model_type`. */
const PREFIXES: Readonly<Record<string, string>> = {
  longformer: 'longformer.',
  led: 'led.',
  reformer: 'reformer.',
  roberta: 'roberta.',
  'xlm-roberta': 'roberta.',
  camembert: 'roberta.',
  bert: 'bert.',
  big_bird: 'bert.',
};

/** Names of one tensor: where some are missing, another that is there stands for them. */
function tiedNames(modelType: unknown, prefix: string): readonly (readonly string[])[] {
  switch (modelType) {
    case 'longformer':
    case 'roberta':
    case 'xlm-roberta':
    case 'camembert':
      return [
        [`${prefix}embeddings.word_embeddings.weight`, 'lm_head.decoder.weight'],
        ['lm_head.bias', 'lm_head.decoder.bias'],
      ];
    case 'bert':
    case 'big_bird':
      return [
        [`${prefix}embeddings.word_embeddings.weight`, 'cls.predictions.decoder.weight'],
        ['cls.predictions.bias', 'cls.predictions.decoder.bias'],
      ];
    case 'led':
      return [
        [
          `${prefix}shared.weight`,
          `${prefix}encoder.embed_tokens.weight`,
          `${prefix}decoder.embed_tokens.weight`,
          'lm_head.weight',
        ],
      ];
    case 'reformer':
      return [['lm_head.bias', 'lm_head.decoder.bias']];
    default:
      return [];
  }
}

/**
 * A view of a checkpoint in which tensors have today's names. `aliases` are names that a conversion left
 * out, each with the name that it kept. Disposing the view disposes the checkpoint. Errors: `MALFORMED_FILE`
 * for two tensors that would have one name.
 */
export function canonicalCheckpoint(
  checkpoint: Checkpoint,
  aliases: ReadonlyMap<string, string> = new Map(),
): Checkpoint {
  const layout = originalLayout(checkpoint.config, checkpoint.names);
  const stored = canonicalNames(checkpoint, layout);
  const config = layout?.config ?? checkpoint.config;
  const prefix = checkedPrefix(checkpoint.name, config.model_type, stored);
  const lost = new Map<string, string>();
  for (const [name, substitute] of aliases) {
    const [from, to] = [renamed(substitute, layout), renamed(name, layout)];
    if (stored.has(from) && !stored.has(to)) lost.set(to, from);
  }
  for (const group of tiedNames(config.model_type, prefix)) {
    const substitute = group.find((name) => stored.has(name));
    if (substitute === undefined) continue;
    for (const name of group) if (!stored.has(name)) lost.set(name, substitute);
  }
  return new CanonicalCheckpoint(checkpoint, { config, stored, lost, layout });
}

/** Today's name of a stored name. */
function renamed(name: string, layout: Layout | undefined): string {
  const plain = name
    .replace(/LayerNorm\.gamma$/, 'LayerNorm.weight')
    .replace(/LayerNorm\.beta$/, 'LayerNorm.bias');
  return layout === undefined ? plain : layout.rename(plain);
}

/** Stored names by today's names. Errors: `MALFORMED_FILE` where two have one. */
function canonicalNames(
  { name: checkpoint, names }: Checkpoint,
  layout: Layout | undefined,
): ReadonlyMap<string, string> {
  const isWrapped = names.length > 0 && names.every((name) => name.startsWith(WRAPPER));
  const stored = new Map<string, string>();
  for (const name of names) {
    const target = renamed(isWrapped ? name.slice(WRAPPER.length) : name, layout);
    const other = stored.get(target);
    if (other !== undefined) throw conflict(checkpoint, other, name);
    stored.set(target, name);
  }
  return stored;
}

/** The prefix of PyTorch's wrappers for several devices. */
const WRAPPER = 'module.';

/** The prefix of the base model's names, if the file has it. Errors: `MALFORMED_FILE` (a name twice). */
function checkedPrefix(checkpoint: string, modelType: unknown, stored: ReadonlyMap<string, string>): string {
  const prefix =
    typeof modelType === 'string' && Object.hasOwn(PREFIXES, modelType) ? PREFIXES[modelType] : '';
  if (prefix === '') return '';
  const names = [...stored.keys()].filter((name) => name.startsWith(prefix));
  const twice = names.find((name) => stored.has(name.slice(prefix.length)));
  if (twice !== undefined) throw conflict(checkpoint, twice, twice.slice(prefix.length));
  return names.length > 0 ? prefix : '';
}

function conflict(checkpoint: string, a: string, b: string): AttnError {
  const message = `${checkpoint} has ${show(a)} and ${show(b)}, which are two names of one tensor`;
  return new AttnError('MALFORMED_FILE', WHERE, message);
}

/** What a canonical view is made of. */
interface View {
  readonly config: Checkpoint['config'];
  /** Stored names by today's names. */
  readonly stored: ReadonlyMap<string, string>;
  /** Today's names of tensors that are stored under another of their names, with that name. */
  readonly lost: ReadonlyMap<string, string>;
  readonly layout: Layout | undefined;
}

class CanonicalCheckpoint implements Checkpoint {
  readonly name: string;
  readonly config: Checkpoint['config'];
  readonly names: readonly string[];
  readonly weights: Checkpoint['weights'];
  private readonly inner: Checkpoint;
  private readonly view: View;

  constructor(inner: Checkpoint, view: View) {
    this.inner = inner;
    this.view = view;
    this.name = inner.name;
    this.config = view.config;
    this.names = [...view.stored.keys()];
    this.weights = inner.weights;
  }

  has(name: string): boolean {
    return this.view.stored.has(name) || this.view.lost.has(name);
  }

  spec(name: string): StoredSpec {
    const spec = this.inner.spec(this.storedName(name));
    const skipped = this.skippedRows(name);
    if (skipped === 0) return spec;
    const [rows, width] = spec.shape;
    const byteLength = (spec.byteLength / Math.max(1, rows)) * (rows - skipped);
    return { ...spec, shape: [rows - skipped, width], byteLength };
  }

  async tensor(name: string): Promise<Tensor> {
    const tensor = await this.inner.tensor(this.storedName(name));
    const skipped = this.skippedRows(name);
    if (skipped === 0) return tensor;
    const [rows, width] = tensor.shape;
    return { ...tensor, shape: [rows - skipped, width], data: tensor.data.subarray(skipped * width) };
  }

  lazyTensor(name: string): Promise<Tensor> | undefined {
    return this.skippedRows(name) > 0 ? undefined : this.inner.lazyTensor?.(this.storedName(name));
  }

  async bytes(name: string): Promise<Uint8Array | undefined> {
    const bytes = await this.inner.bytes?.(this.storedName(name));
    const skipped = this.skippedRows(name);
    if (bytes === undefined || skipped === 0) return bytes;
    return bytes.subarray(bytes.length - this.spec(name).byteLength);
  }

  dispose(): Promise<void> {
    return this.inner.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  private storedName(name: string): string {
    const { stored, lost } = this.view;
    // A name that nobody knows goes to the checkpoint, which refuses it.
    return stored.get(lost.get(name) ?? name) ?? name;
  }

  private skippedRows(name: string): number {
    return this.view.layout?.skippedRows(name) ?? 0;
  }
}
