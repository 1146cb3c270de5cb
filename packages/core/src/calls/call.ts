/**
 * A call is a value: tensors and options that stand for a graph, such as `attention({ q, k, v })`.
 * `Attn.run` takes any. What a kind of call holds stands in a file of its own, such as `attention.ts`; this
 * file has what all kinds share: mistakes are refused at once, and the graph is built only where no earlier
 * call had an equal one.
 */
import type { Tensors } from '../contract/backend.ts';
import { checkArgument, readEntries } from '../check/check-options.ts';
import { AttnError } from '../errors.ts';
import { GraphBuilder, type Value } from '../graph/builder.ts';
import type { Graph } from '../graph/graph.ts';
import type { Kind } from '../check/kinds.ts';
import { unknownName } from '../check/nearest-name.ts';
import { checkTensor, type Tensor } from '../tensor.ts';
import { LruMap } from '../util/lru.ts';
import { RUN_OPTION_NAMES } from '../contract/run-options.ts';
import { callKey } from './call-key.ts';
import type { CallDefinition } from './definition.ts';

/** How many keys of calls are remembered, by each kind of call. */
const CHECKED_KEYS = 64;

/**
 * Something that `Attn.run` computes; `R` is its result. Calls are made by `attention`, `lsh`, `linformer`
 * and whatever `defineCall` defines; any object of this form is one.
 *
 * @example
 * const call = attention({ q, k, v, pattern: causal() });
 * const { out, backend } = await attn.run(call);
 */
export interface Call<R extends object> {
  /** The graph, built when it is first read. Errors: those of the ops, for example `INVALID_SHAPE`. */
  readonly graph: Graph;
  /**
   * What the graph is fed, by the names of its inputs. The tensors must not change until the run has ended.
   */
  readonly inputs: Tensors;
  /**
   * Equal for calls of equal graphs: an `Attn` builds the graph once for all of them. Absent: `graph` is
   * read at every run.
   */
  readonly key?: string;
  /** The result of a run, from the outputs of the graph by name. */
  result(outputs: Tensors): R;
}

/**
 * Makes a function that takes what users write and returns a `Call`. Errors of that function:
 * `INVALID_ARGUMENT` for an unknown name or a wrong option, `MISSING_INPUT`, and `INVALID_SHAPE` or
 * `INVALID_DTYPE` for what is not a tensor; what the ops refuse is refused when the graph is built.
 *
 * @example
 * const doubled = defineCall<{ x: Tensor }, { x: Value }, { out: Tensor }>({
 *   name: 'doubled',
 *   required: ['x'],
 *   optional: [],
 *   options: {},
 *   build: (builder, { x }) => ({ out: builder.add(x, x) }),
 * });
 * const { out } = await attn.run(doubled({ x: f32([2], [1, 2]) }));
 */
export function defineCall<C extends object, V extends object, R extends object>(
  definition: CallDefinition<C, V>,
): (call: C) => Call<R> {
  const where = `core/${definition.name}`;
  /** Keys of calls whose names and options were right: equal keys need no second check. */
  const checked = new LruMap<true>(CHECKED_KEYS);
  return (call) => {
    // A copy, so that what the caller's object holds is read once.
    const copy = Object.fromEntries(readEntries(where, 'the call', call)) as C;
    const own = definition.normalize?.(copy) ?? copy;
    const key = callKey(definition, own);
    if (key === undefined || checked.get(key) === undefined) {
      definition.check?.(own);
      checkNames(definition, own);
    }
    const inputs = fedTensors(definition, own);
    for (const name in inputs) checkTensor(inputs[name], where, name);
    if (key !== undefined) checked.set(key, true);
    definition.remark?.(own);
    let graph: Graph | undefined;
    return {
      inputs,
      key,
      get graph() {
        graph ??= graphOf(definition, own, inputs);
        return graph;
      },
      result: (outputs) => outputs as R,
    };
  };
}

function graphOf<C extends object, V extends object>(
  definition: CallDefinition<C, V>,
  call: C,
  inputs: Tensors,
): Graph {
  const builder = new GraphBuilder();
  const input = (name: string): Value => builder.input(name, inputs[name]);
  const values: Record<string, Value | readonly Value[] | Readonly<Record<string, Value>>> = {};
  for (const [name, tensors] of tensorsOf(definition, call)) {
    const same = sameInput(definition, call, name);
    if (same !== undefined) values[name] = values[same];
    else if (isList(definition, name, tensors)) values[name] = tensors.map((_, i) => input(`${name}${i}`));
    else if (prefixOf(definition, name) !== undefined) {
      const entries = recordEntries(definition, name, tensors);
      values[name] = Object.fromEntries(entries.map(([own, fed]) => [own, input(fed)]));
    } else values[name] = input(name);
  }
  const options = Object.entries(call).filter(([name]) => Object.hasOwn(definition.options, name));
  const outputs = definition.build(builder, values as V, Object.fromEntries(options) as Omit<C, keyof V>);
  const present = Object.entries(outputs).filter((entry): entry is [string, Value] => entry[1] !== undefined);
  return builder.build(Object.fromEntries(present));
}

/** The tensors as the graph is fed: those of a list are `name0`, `name1`, … */
function fedTensors<C extends object, V extends object>(definition: CallDefinition<C, V>, call: C): Tensors {
  const fed: Record<string, Tensor> = {};
  for (const [name, tensors] of tensorsOf(definition, call)) {
    if (sameInput(definition, call, name) !== undefined) continue;
    if (isList(definition, name, tensors)) tensors.forEach((tensor, i) => (fed[`${name}${i}`] = tensor));
    else if (prefixOf(definition, name) !== undefined)
      for (const [, input, tensor] of recordEntries(definition, name, tensors)) fed[input] = tensor as Tensor;
    else fed[name] = tensors as Tensor;
  }
  return fed;
}

/** Tensors, and lists of them, in the order of the definition. */
function tensorsOf<C extends object, V extends object>(
  { required, optional }: CallDefinition<C, V>,
  call: C,
): [name: string, tensors: unknown][] {
  const entries = new Map<string, unknown>(Object.entries(call));
  return [...required, ...optional].flatMap((name): [string, unknown][] => {
    const value = entries.get(name);
    return value === undefined ? [] : [[name, value]];
  });
}

/** True for a list where a list may stand; anything else has to be a tensor. */
function isList<C extends object, V extends object>(
  { lists = [] }: CallDefinition<C, V>,
  name: string,
  tensors: unknown,
): tensors is readonly Tensor[] {
  return (lists as readonly string[]).includes(name) && Array.isArray(tensors);
}

/** What the names of inputs begin with that a record of tensors is fed to; undefined for other tensors. */
function prefixOf<C extends object, V extends object>(
  { records }: CallDefinition<C, V>,
  name: string,
): string | undefined {
  const prefixes: Readonly<Record<string, string | undefined>> | undefined = records;
  return prefixes?.[name];
}

/** The tensors of a record: the caller's name, the name of the input, the tensor. */
function recordEntries<C extends object, V extends object>(
  definition: CallDefinition<C, V>,
  name: string,
  tensors: unknown,
): [own: string, input: string, tensor: unknown][] {
  const entries = readEntries(`core/${definition.name}`, name, tensors as object);
  return entries
    .filter(([, tensor]) => tensor !== undefined)
    .map(([own, tensor]) => [own, `${prefixOf(definition, name) ?? ''}${own}`, tensor]);
}

/** The input that has the same object already. */
function sameInput<C extends object, V extends object>(
  { sameAs = {} }: CallDefinition<C, V>,
  call: C,
  name: string,
): string | undefined {
  if (!Object.hasOwn(sameAs, name)) return undefined;
  const entries = new Map<string, unknown>(Object.entries(call));
  return entries.get(name) === entries.get(sameAs[name]) ? sameAs[name] : undefined;
}

function checkNames<C extends object, V extends object>(definition: CallDefinition<C, V>, call: C): void {
  const where = `core/${definition.name}`;
  const { required, optional } = definition;
  const names: readonly string[] = [...required, ...optional, ...Object.keys(definition.options)];
  const kinds: Readonly<Record<string, Kind>> = definition.options;
  for (const [name, value] of Object.entries(call) as [string, unknown][]) {
    if (Object.hasOwn(kinds, name) && value !== undefined) checkArgument(where, name, value, kinds[name]);
    if (names.includes(name)) continue;
    const message = RUN_OPTION_NAMES.includes(name)
      ? `${name} is an option of the run: give it as the second argument, { ${name} }`
      : unknownName('option', name, names);
    throw new AttnError('INVALID_ARGUMENT', where, message);
  }
  const present = tensorsOf(definition, call).map(([name]) => name);
  for (const name of required) {
    if (!present.includes(name)) throw new AttnError('MISSING_INPUT', where, `input ${name} is required`);
  }
}
