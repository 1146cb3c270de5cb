/**
 * Names of tensors as Hugging Face's library has them today, whatever a file calls them: LayerNorm's old
 * names, the prefixes of wrappers and of base models, names that a conversion lost because two names shared a
 * storage, and the layouts of publishers' own code.
 */
import { AttnError, type QuantizedMatrix, type Tensor } from '@attn/core';
import { isLazy, lazyTensor, show } from '@attn/core/backend';
import type { Checkpoint, ReadCodesOptions, StoredCodes, StoredSpec } from './checkpoint.ts';
import { familyNames, type FamilyNames } from './family-names.ts';
import { flashLayout } from './flash-layouts.ts';
import { originalLayout, type Layout } from './original-layouts.ts';
import { codesOfRows } from './weight-rows.ts';

/** The prefix of PyTorch's wrappers for several devices. */
const WRAPPER = 'module.';

/** The views that are made here: a view of a view would be the same. */
const views = new WeakSet<Checkpoint>();

/**
 * A view of a checkpoint in which tensors have today's names; the checkpoint itself if its family is not one
 * of this package. Every name that a model may ask for is there, `names` lists each tensor once. `aliases`
 * are names that a conversion left out, each with the name that it kept. Disposing the view disposes the
 * checkpoint. Errors: `MALFORMED_FILE` for two tensors that would have one name, `UNSUPPORTED`.
 */
export function canonicalCheckpoint(
  checkpoint: Checkpoint,
  aliases: ReadonlyMap<string, string> = new Map(),
): Checkpoint {
  if (views.has(checkpoint)) return checkpoint;
  const isWrapped = checkpoint.names.length > 0 && checkpoint.names.every((name) => name.startsWith(WRAPPER));
  const unwrapped = (name: string): string =>
    isWrapped && name.startsWith(WRAPPER) ? name.slice(WRAPPER.length) : name;
  const names = checkpoint.names.map(unwrapped);
  const layout = originalLayout(checkpoint, names) ?? flashLayout(checkpoint, names);
  const config = layout?.config ?? checkpoint.config;
  const family = familyNames(config);
  if (family === undefined) return checkpoint;
  const plain = (name: string): string => normName((layout?.rename ?? String)(unwrapped(name)));
  const prefix = prefixIn(family, checkpoint.names.map(plain));
  const isBare = prefix.isMissing;
  const today = (name: string): string => {
    const own = plain(name);
    return isBare && family.base.test(own) ? family.prefix + own : own;
  };
  const stored = storedNames(checkpoint, family, today);
  const lost = new Map<string, string>();
  for (const [name, substitute] of aliases) {
    const [to, from] = [today(name), today(substitute)];
    if (stored.has(from) && !stored.has(to)) lost.set(to, from);
  }
  const listed = tie(stored, lost, family.ties(prefix.current, config));
  const view = viewOf(checkpoint, { config, stored: listed, lost, layout });
  views.add(view);
  return view;
}

/** LayerNorm's parameters have other names in files that came from TensorFlow. */
function normName(name: string): string {
  return name
    .replace(/(^|\.)LayerNorm\.gamma$/, '$1LayerNorm.weight')
    .replace(/(^|\.)LayerNorm\.beta$/, '$1LayerNorm.bias');
}

/**
 * The prefix of the base model's names, if they should have it, and whether they lost it: a file with a head
 * has the prefix, a base model's file has neither.
 */
function prefixIn(
  { prefix, base, buffers }: FamilyNames,
  names: readonly string[],
): { readonly current: string; readonly isMissing: boolean } {
  if (prefix === '') return { current: '', isMissing: false };
  if (names.some((name) => name.startsWith(prefix))) return { current: prefix, isMissing: false };
  const hasHead = names.some((name) => !base.test(name) && !buffers.test(name));
  return { current: hasHead ? prefix : '', isMissing: hasHead };
}

/** Stored names by today's names, without buffers. Errors: `MALFORMED_FILE` where two are of one tensor. */
function storedNames(
  { name: checkpoint, names }: Checkpoint,
  { prefix, base, buffers }: FamilyNames,
  today: (name: string) => string,
): ReadonlyMap<string, string> {
  const stored = new Map<string, string>();
  for (const name of names) {
    const target = today(name);
    if (buffers.test(target)) continue;
    const other = stored.get(target);
    if (other !== undefined) throw conflict(checkpoint, other, name);
    stored.set(target, name);
  }
  for (const [name, own] of stored) {
    const other = prefix !== '' && base.test(name) ? stored.get(prefix + name) : undefined;
    if (other !== undefined) throw conflict(checkpoint, other, own);
  }
  return stored;
}

function conflict(checkpoint: string, a: string, b: string): AttnError {
  const message = `${checkpoint} has ${show(a)} and ${show(b)}, which are two names of one tensor`;
  return new AttnError('MALFORMED_FILE', 'models/load', message);
}

/**
 * Adds the lost names of tied tensors to `lost`. A tensor of which only another name is there is listed under
 * the first name of its group.
 */
function tie(
  stored: ReadonlyMap<string, string>,
  lost: Map<string, string>,
  groups: readonly (readonly string[])[],
): ReadonlyMap<string, string> {
  const relisted = new Map<string, string>();
  for (const group of groups) {
    const [first] = group;
    const substitute = group.find((name) => stored.has(name));
    if (substitute === undefined) continue;
    if (substitute !== first) relisted.set(substitute, first);
    for (const name of group)
      if (name !== first && (name === substitute || !stored.has(name))) lost.set(name, first);
  }
  return new Map([...stored].map(([name, own]) => [relisted.get(name) ?? name, own]));
}

/** What a view is made of. */
interface View {
  readonly config: Checkpoint['config'];
  /** Stored names by the names that are listed. */
  readonly stored: ReadonlyMap<string, string>;
  /** Further names of tensors, with a name that leads to the one that is listed. */
  readonly lost: ReadonlyMap<string, string>;
  readonly layout: Layout | undefined;
}

function viewOf(inner: Checkpoint, { config, stored, lost, layout }: View): Checkpoint {
  const listedName = (name: string): string => {
    const next = stored.has(name) ? undefined : lost.get(name);
    return next === undefined ? name : listedName(next);
  };
  // A name that nobody knows goes to the checkpoint, which refuses it.
  const own = (name: string): string => stored.get(listedName(name)) ?? name;
  const skippedIn = (name: string): number => layout?.skippedRows(listedName(name)) ?? 0;
  const spec = (name: string): StoredSpec => {
    const whole = inner.spec(own(name));
    const skipped = skippedIn(name);
    if (skipped === 0) return whole;
    const [rows, ...rest] = whole.shape;
    const count = Math.max(0, rows - skipped);
    return { ...whole, shape: [count, ...rest], byteLength: (whole.byteLength / Math.max(1, rows)) * count };
  };
  const { weights, lazyTensor: readLater, lazyBytes, bytes, rows, quantized, readAhead } = inner;
  return {
    name: inner.name,
    config,
    ...(weights && { weights }),
    names: [...stored.keys()],
    has: (name) => stored.has(listedName(name)),
    listedName,
    spec,
    tensor: async (name) => withoutRows(await inner.tensor(own(name)), skippedIn(name)),
    ...(rows && {
      rows: (name: string, from: number, to: number) => {
        const skipped = skippedIn(name);
        return rows.call(inner, own(name), skipped + from, skipped + to);
      },
    }),
    ...(quantized && {
      quantized: (name: string) => {
        const codes = quantized.call(inner, own(name));
        const skipped = skippedIn(name);
        return codes === undefined || skipped === 0 ? codes : codesWithoutRows(codes, skipped);
      },
    }),
    ...(readLater && {
      lazyTensor: (name: string) => {
        const later = readLater.call(inner, own(name));
        const skipped = skippedIn(name);
        return skipped === 0 ? later : later?.then((tensor) => laterWithoutRows(tensor, skipped));
      },
    }),
    ...(lazyBytes && {
      lazyBytes: (name: string) => (skippedIn(name) === 0 ? lazyBytes.call(inner, own(name)) : undefined),
    }),
    ...(bytes && {
      bytes: async (name: string) => {
        const whole = await bytes.call(inner, own(name));
        return whole?.subarray(whole.length - spec(name).byteLength);
      },
    }),
    ...(readAhead && { readAhead: (names: readonly string[]) => readAhead.call(inner, names.map(own)) }),
    dispose: () => inner.dispose(),
    [Symbol.asyncDispose]: () => inner.dispose(),
  };
}

/** The tensor without its first rows; it shares its memory. */
function withoutRows(tensor: Tensor, skipped: number): Tensor {
  if (skipped === 0) return tensor;
  const { dtype, shape, data } = tensor;
  const [rows, ...rest] = shape;
  const width = data.length / Math.max(1, rows);
  return { dtype, shape: [Math.max(0, rows - skipped), ...rest], data: data.subarray(skipped * width) };
}

function codesWithoutRows(codes: StoredCodes, skipped: number): StoredCodes {
  const read = async (options?: ReadCodesOptions): Promise<QuantizedMatrix> => {
    const matrix = await codes.read(options);
    return codesOfRows(matrix, Math.min(skipped, matrix.codes.shape[0]), matrix.codes.shape[0]);
  };
  return { ...codes, read };
}

function laterWithoutRows(tensor: Tensor, skipped: number): Tensor {
  if (!isLazy(tensor)) return withoutRows(tensor, skipped);
  const { dtype, shape } = tensor;
  const [rows, ...rest] = shape;
  return lazyTensor(
    { dtype, shape: [Math.max(0, rows - skipped), ...rest] },
    () => withoutRows(tensor, skipped).data,
  );
}
